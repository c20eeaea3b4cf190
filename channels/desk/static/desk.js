// The desk's live part: server events say what changed, the page fetches it. Keys, sounds and presence.
const desk = document.querySelector(".desk");
const live = document.getElementById("live");
const queue = document.getElementById("queue");
const work = () => document.getElementById("work");
const talk = () => document.getElementById("talk");
const opened = work()?.dataset.conversation ?? "";
const title = document.title;

// Sounds: three high beeps for an emergency, one low for a conversation that is assigned to me.

const sound = document.getElementById("sound");
let audio = null;
let rungAt = 0;

function loud() { return localStorage.getItem("desk-muted") !== "yes"; }
function showSound() {
  sound.setAttribute("aria-pressed", String(loud()));
  sound.querySelector("span").textContent = loud() ? "开" : "关";
}
function beep(at, pitch) {
  const tone = audio.createOscillator();
  const volume = audio.createGain();
  tone.frequency.value = pitch;
  volume.gain.setValueAtTime(0.001, at);
  volume.gain.exponentialRampToValueAtTime(0.25, at + 0.02);
  volume.gain.exponentialRampToValueAtTime(0.001, at + 0.18);
  tone.connect(volume).connect(audio.destination);
  tone.start(at);
  tone.stop(at + 0.2);
}
function ring(pitches) {
  const other = Number(localStorage.getItem("desk-rung") ?? 0); // another tab of mine may just have rung for the same thing
  const now = Date.now();
  if (!loud() || now - rungAt < 1500 || now - other < 1500) return;
  rungAt = now;
  localStorage.setItem("desk-rung", String(now));
  audio ??= new AudioContext();
  desk.dataset.rung = String(Number(desk.dataset.rung ?? 0) + 1);
  audio.resume().then(() => pitches.forEach((pitch, index) => beep(audio.currentTime + index * 0.25, pitch)));
}
sound.addEventListener("click", () => {
  localStorage.setItem("desk-muted", loud() ? "yes" : "no");
  showSound();
  if (loud()) { rungAt = 0; localStorage.removeItem("desk-rung"); ring([520]); }
});
showSound();

// What changes

function banner(text) {
  live.classList.toggle("late", text !== "");
  live.textContent = text || "实时更新中";
}
function loggedOut() {
  const next = encodeURIComponent(location.pathname);
  banner("");
  live.classList.add("late");
  live.innerHTML = `登录已失效，<a href="/console/login?next=${next}">重新登录</a>；写好的话会留着`;
}
// Returns a page's part, or null: without a network, or a log-in, everything is fetched anew when it is back.
async function get(path) {
  const answer = await fetch(path, { headers: { "HX-Request": "true", "HX-Current-URL": location.href } }).catch(() => null);
  if (answer?.status === 401) loggedOut();
  return answer?.ok ? answer.text() : null;
}

const ids = (selector) => [...queue.querySelectorAll(selector)].map((link) => link.dataset.id);
const waitingNow = () => ({ emergencies: ids('[data-list="waiting"] .emergency, [data-list="offered"] .emergency'), offered: ids('[data-list="offered"] a') });
// Who waits is the same list on every desk: which one is open here, and what is assigned to me, is marked here.
function mark() {
  const offered = ids('[data-list="offered"] a');
  for (const link of queue.querySelectorAll('[data-list="waiting"] a')) {
    link.toggleAttribute("aria-current", false);
    if (link.dataset.id === opened) link.setAttribute("aria-current", "true");
    link.parentElement.hidden = offered.includes(link.dataset.id);
  }
}
mark();
let known = waitingNow();

async function refreshQueue() {
  const html = await get(`/desk/queue?current=${opened}`);
  if (html === null) return;
  const focused = queue.contains(document.activeElement) ? document.activeElement.dataset.id : null;
  queue.innerHTML = html;
  mark();
  if (focused) queue.querySelector(`a[data-id="${focused}"]`)?.focus();
  const now = waitingNow();
  if (now.emergencies.some((id) => !known.emergencies.includes(id))) ring([880, 660, 880]);
  else if (now.offered.some((id) => !known.offered.includes(id))) ring([520]);
  known = now;
  ages();
}
// At most one fetch in three seconds, spread over the operators; an emergency doesn't wait.
let pending = null;
let fetchedAt = 0;
function queueChanged(urgent) {
  if (urgent) { clearTimeout(pending); pending = null; fetchedAt = Date.now(); refreshQueue(); return; }
  if (pending) return;
  const wait = Math.max(0, fetchedAt + 3000 - Date.now()) + Math.random() * 500;
  pending = setTimeout(() => { pending = null; fetchedAt = Date.now(); refreshQueue(); }, wait);
}

let fetching = Promise.resolve();
function newMessages() {
  if (!talk()) return;
  fetching = fetching.then(async () => {
    const last = [...talk().querySelectorAll("article")].at(-1)?.dataset.id ?? 0;
    const html = await get(`/desk/conversations/${opened}/messages?after=${last}`);
    if (!html?.trim()) return;
    const low = talk().scrollHeight - talk().scrollTop - talk().clientHeight < 120;
    const fetched = document.createElement("template");
    fetched.innerHTML = html;
    // A reply that was just sent may have brought some of them already.
    for (const article of fetched.content.querySelectorAll("article")) if (!talk().querySelector(`article[data-id="${article.dataset.id}"]`)) talk().append(article);
    if (low) bottom();
  }).catch(() => {});
}
// Files come in and deliveries move on after a message was shown: those that look different now are exchanged.
let exchanging = null;
function lookAgain() {
  clearTimeout(exchanging);
  exchanging = setTimeout(async () => {
    if (!talk()) return;
    const html = await get(`/desk/conversations/${opened}/messages`);
    if (!html) return;
    const fetched = document.createElement("template");
    fetched.innerHTML = html;
    for (const article of fetched.content.querySelectorAll("article")) {
      const shown = talk().querySelector(`article[data-id="${article.dataset.id}"]`);
      if (shown && shown.dataset.look !== article.dataset.look) shown.replaceWith(article);
    }
  }, 500);
}
async function holderChanged() {
  if (!work()) return;
  const now = await get(`/desk/conversations/${opened}/state`);
  if (now === null || now === work().dataset.signature) return;
  const writing = document.activeElement?.id === "reply";
  await htmx.ajax("GET", location.pathname, { target: "#work", select: "#work", swap: "outerHTML" });
  if (writing) document.getElementById("reply")?.focus();
}
const everything = () => { queueChanged(true); newMessages(); holderChanged(); };

let events = null;
function connect() {
  events?.close();
  events = new EventSource(`/desk/events?conversation=${opened}`);
  events.addEventListener("queue", () => queueChanged(false));
  events.addEventListener("emergency", () => queueChanged(true));
  events.addEventListener("offer", () => queueChanged(true));
  events.addEventListener("message", ({ data }) => { if (data === opened) newMessages(); else queueChanged(false); });
  events.addEventListener("holder", () => { holderChanged(); newMessages(); });
  events.addEventListener("order", newMessages);
  events.addEventListener("media", lookAgain);
  events.addEventListener("delivery", lookAgain);
  events.addEventListener("reload", () => { banner(""); everything(); }); // the first event of every connection
  events.onerror = () => {
    banner("连接断开，正在重连……");
    if (events.readyState === EventSource.CLOSED) { alive(); setTimeout(connect, 5000); } // refused: an expired log-in is told
  };
}
addEventListener("online", connect);
addEventListener("offline", () => banner("网络断开，恢复后自动继续"));
addEventListener("pagehide", () => events.close());
addEventListener("pageshow", ({ persisted }) => { if (persisted) location.reload(); });

function ages() {
  for (const time of queue.querySelectorAll("time[data-since]")) {
    const minutes = Math.floor((Date.now() - Date.parse(time.dataset.since)) / 60000);
    time.textContent = minutes < 1 ? "刚刚" : minutes < 60 ? `等了 ${minutes} 分钟` : `等了 ${Math.floor(minutes / 60)} 小时 ${minutes % 60} 分`;
  }
  const alarms = known.emergencies.length;
  document.title = alarms ? `（${alarms} 个紧急）${title}` : title;
}
ages();
setInterval(ages, 20000);

// A sign of life, so that nobody waits for an operator whose browser is gone.
async function alive() {
  const answer = await fetch("/desk/heartbeat", {
    method: "POST",
    headers: { "HX-Request": "true", "HX-Current-URL": location.href },
    body: new URLSearchParams({ csrf: desk.dataset.csrf }),
  }).catch(() => null);
  if (answer?.status === 401) loggedOut();
}
connect();
alive();
setInterval(alive, 30000);

// Forms, tools and keys

function bottom() { if (talk()) talk().scrollTop = talk().scrollHeight; }
function begin() {
  bottom();
  if (work()?.hasAttribute("data-mine") && !document.activeElement?.closest(".tools")) document.getElementById("reply")?.focus({ preventScroll: true });
}
begin();
document.addEventListener("htmx:after:swap", ({ detail }) => { if (detail.ctx.target?.id === "work" || detail.ctx.select === "#work") { begin(); queueChanged(true); } });
document.addEventListener("htmx:after:request", (event) => {
  const { response } = event.detail.ctx;
  const html = response.headers.get("content-type")?.startsWith("text/html");
  if (response.status === 401) return;
  if (html) { if (events.readyState === EventSource.OPEN) banner(""); return; }
  event.preventDefault(); // a problem document: nothing to show in place of the page
  banner(response.status === 403 ? "页面已过期，请刷新后再试；写好的话会留着" : `没有成功（${response.status}），请检查填写的内容`);
});
document.addEventListener("htmx:error", () => banner("没有发出去：网络不通。写好的话还在，稍后再发"));

let lists = null;
document.addEventListener("focusin", ({ target }) => {
  if (!lists && target.matches("input[list]")) {
    lists = get("/desk/lists").then((html) => document.body.insertAdjacentHTML("beforeend", `<div hidden>${html ?? ""}</div>`));
  }
});
document.addEventListener("toggle", ({ target }) => {
  if (!target.matches?.("details[name=tool]") || !target.open) return;
  const field = target.querySelector("input:not([type=hidden]), textarea, select");
  field?.focus();
  if (field?.type === "search") htmx.trigger(field, "tool-opened");
}, true);
document.addEventListener("click", ({ target }) => {
  const button = target.closest("button.insert");
  const reply = document.getElementById("reply");
  if (!button || !reply) return;
  reply.setRangeText(button.dataset.text, reply.selectionStart, reply.selectionEnd, "end");
  reply.dispatchEvent(new Event("input", { bubbles: true }));
  reply.focus();
});
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey && event.key === "Enter" && event.target.id === "reply") { event.target.form.requestSubmit(); return; }
  if (event.key === "Escape") { event.target.closest?.("details[open]")?.removeAttribute("open"); return; }
  const writing = event.target.matches("input, textarea, select");
  if (event.ctrlKey || event.metaKey || (writing && !event.altKey) || event.isComposing) return;
  const key = event.code.startsWith("Key") ? event.code.slice(3) : event.key.toUpperCase();
  const target = key === "N" ? queue.querySelector("li:not([hidden]) > a:not([aria-current])") : document.querySelector(`[data-key="${key}"]`);
  if (!target) return;
  event.preventDefault();
  if (target.matches("textarea")) target.focus(); else target.click();
});
