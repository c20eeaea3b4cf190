// The resident's chat. Every message carries an id made here, so that sending it again after a broken connection is harmless.
import "/static/vendor/deep-chat.js";
import { avatars, render, renderFiles, roleOf, style } from "/static/web/messages.js";

const chat = document.getElementById("chat");
const state = document.getElementById("state");
const states = { bot: "智能客服为您服务", waiting: "正在为您接通工作人员", operator: "现在由工作人员为您服务" };
const PATIENCE = 20000; // milliseconds after which the state line no longer says that somebody works on it
const KEPT = "unacknowledged";
const TYPED = "typed";
const bare = ({ type, client_id, text, files, location }) => ({ type, client_id, text, files, location });
const element = (id) => document.getElementById(id);
const mine = new Set();
let holder = "bot";
let working;
let lastId = 0;
let socket;
let retry = 1000;
let started = false;

// What wasn't acknowledged is kept over a reload; it is shown again as the server tells it, not from here.
const unacknowledged = new Map(JSON.parse(sessionStorage.getItem(KEPT) ?? "[]").map((m) => [m.client_id, { ...m, restored: true }]));
const keep = () => sessionStorage.setItem(KEPT, JSON.stringify([...unacknowledged.values()].map(bare)));

function say(text, kind) {
  clearTimeout(working);
  state.textContent = text;
  state.dataset.kind = kind;
}
const atRest = () => say(states[holder], holder);
function atWork() {
  if (holder !== "bot") return; // a person answers when they can; nothing is being worked out
  say("正在处理……", "bot");
  working = setTimeout(atRest, PATIENCE);
}

const withdrawChoices = () => chat.shadowRoot?.querySelectorAll(".choices").forEach((row) => row.remove());

function isMine(message) {
  if (mine.has(message.id)) return true;
  // The server's echo may overtake its acknowledgement.
  const waiting = [...unacknowledged.values()].find((m) => m.text === message.text && !m.restored && !m.echoed);
  if (waiting) waiting.echoed = true;
  return Boolean(waiting);
}

function show(message) {
  if (message.id <= lastId) return;
  lastId = message.id;
  const role = roleOf(message);
  if (role === "user") {
    const shown = isMine(message);
    if (!shown) withdrawChoices();
    if (message.files.length) chat.addMessage({ html: renderFiles(message.files), role });
    if (!shown && message.text) chat.addMessage({ text: message.text, role });
    return;
  }
  if (started) element("heard").textContent = message.text; // read out once; what was said before the page opened isn't
  chat.addMessage({ html: render(message), role });
}

const transmit = (message) => socket.send(JSON.stringify(bare(message)));

function connect() {
  if (socket && socket.readyState <= WebSocket.OPEN) return; // one connection; deep-chat asks again when it redraws itself
  socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/channels/web/ws`);
  socket.onopen = () => {
    retry = 1000;
    // First what may have been lost, then the request for news: the acknowledgements come before the echoes.
    unacknowledged.forEach(transmit);
    socket.send(JSON.stringify({ type: "resume", after: lastId }));
  };
  socket.onmessage = ({ data }) => {
    const event = JSON.parse(data);
    if (event.type === "ack") {
      if (!unacknowledged.get(event.client_id)?.restored) mine.add(event.id);
      unacknowledged.delete(event.client_id);
      keep();
      atWork();
    } else if (event.type === "messages") {
      holder = event.holder;
      event.messages.forEach(show);
      if (holder !== "bot" || !event.messages.length || event.messages.at(-1).author !== "resident") atRest();
      if (!started) { started = true; askedInAddress(); }
    } else if (event.type === "error") {
      chat.addMessage({ error: event.detail });
      atRest();
    }
  };
  socket.onclose = ({ code }) => {
    if (code === 4401) { location.reload(); return; }
    say("连接断开，正在重连……您写的话不会丢", "offline");
    setTimeout(connect, retry);
    retry = Math.min(retry * 2, 15000);
  };
}

// A browser notices a lost network late or never by itself; coming back should be at once.
addEventListener("offline", () => socket?.close());
addEventListener("online", () => { retry = 1000; if (socket?.readyState === WebSocket.CLOSED) connect(); });

function send(text, more = {}) {
  withdrawChoices();
  const client_id = crypto.randomUUID ? crypto.randomUUID() : `${Date.now()}-${Math.random().toString(36).slice(2)}`;
  const message = { type: "message", client_id, text, ...more };
  unacknowledged.set(client_id, message);
  keep();
  if (socket.readyState === WebSocket.OPEN) transmit(message);
}

// A link such as /?order=BJ20261123-000042 asks for that order's progress at once; the address then forgets it.
function askedInAddress() {
  const order = new URLSearchParams(location.search).get("order");
  if (order && /^BJ\d{8}-\d{6}$/.test(order)) chat.submitUserMessage({ text: `查一下 ${order} 的进度` });
  if (location.search) history.replaceState(null, "", "/");
}

const avatar = { width: "2rem", height: "2rem", marginTop: "0.2rem" };
const bubble = { backgroundColor: "#fff", color: "#1d2733", border: "1px solid #d8dee6" };
const operatorBubble = { backgroundColor: "#e8f1ff", color: "#10243e", border: "1px solid #b7cdec" };
const alarmBubble = { backgroundColor: "#fdeceb", color: "#5c100b", border: "2px solid #b3261e" };
const notice = { outerContainer: { textAlign: "center" }, innerContainer: { justifyContent: "center" }, bubble: { backgroundColor: "#e4e9ef", color: "#45505f", border: "0", fontSize: "0.88rem", maxWidth: "92%", padding: "0.2rem 0.9rem" } };
chat.auxiliaryStyle = style;
chat.htmlClassUtilities = { quick: { events: { click: (event) => chat.submitUserMessage({ text: event.currentTarget.dataset.payload }) } } };
chat.messageStyles = {
  default: {
    shared: { bubble: { fontSize: "1rem", lineHeight: "1.65", maxWidth: "min(85%, 34rem)", padding: "0.6rem 0.95rem", borderRadius: "0.9rem", marginTop: "0.35rem", marginBottom: "0.35rem" } },
    user: { bubble: { backgroundColor: "#b3261e", color: "#fff" } },
    ai: { bubble },
    operator: { bubble: operatorBubble },
  },
  html: { user: { bubble: { backgroundColor: "transparent", padding: "0" } }, ai: { bubble }, operator: { bubble: operatorBubble }, alarm: { bubble: alarmBubble }, notice },
};
chat.avatars = {
  ai: { src: avatars.bot, styles: { avatar } },
  alarm: { src: avatars.bot, styles: { avatar } },
  operator: { src: avatars.operator, styles: { avatar } },
  user: { styles: { container: { display: "none" } } },
  notice: { styles: { container: { display: "none" } } },
};
chat.textInput = {
  placeholder: { text: "请说说在哪里、出了什么事", style: { color: "#5b6878" } },
  characterLimit: 20000,
  styles: {
    container: { borderRadius: "1.4rem", border: "1px solid #9aa6b5", boxShadow: "none", width: "calc(100% - 1.6rem)", marginBottom: "0.8rem" },
    text: { fontSize: "1rem", lineHeight: "1.5", padding: "0.7rem 5rem 0.7rem 1.1rem" },
  },
};
const sendButton = { width: "auto", height: "auto", minWidth: "3.6rem", padding: "0.32rem 0", bottom: "1.05rem", right: "0.5rem", borderRadius: "1.2rem", backgroundColor: "#b3261e" };
chat.submitButtonStyles = {
  position: "inside-end",
  alwaysEnabled: true,
  submit: { container: { default: sendButton, hover: { backgroundColor: "#8c1d18" } }, svg: { styles: { default: { display: "none" } } }, text: { content: "发送", styles: { default: { color: "#fff", fontSize: "1rem", lineHeight: "1.5", whiteSpace: "nowrap", padding: "0 0.8rem" } } } },
};
chat.connect = {
  websocket: true,
  handler: (_, signals) => {
    signals.onOpen();
    signals.newUserMessage.listener = (body) => {
      sessionStorage.removeItem(TYPED);
      send(body.messages?.at(-1)?.text ?? body.text ?? "");
    };
    connect();
  },
};

// Pictures and videos go up first; the message that names them is then as safe as any other.
const sending = (words) => { element("sending").textContent = words; };
element("picture").onclick = () => element("files").click();
element("files").onchange = async ({ target }) => {
  const chosen = [...target.files].slice(0, 10);
  target.value = "";
  element("picture").disabled = true;
  const ids = [];
  let refused = "";
  for (const [number, file] of chosen.entries()) {
    sending(`正在上传第 ${number + 1} 个，共 ${chosen.length} 个……`);
    const form = new FormData();
    form.append("file", file);
    try {
      const response = await fetch("/channels/web/files", { method: "POST", body: form });
      const answer = await response.json();
      if (response.ok) ids.push(answer.id);
      else refused = (answer.detail ?? "文件没有收下").replace(/^file: /, "");
    } catch {
      refused = "网络不通，没有传上去，请再选一次";
    }
  }
  element("picture").disabled = false;
  sending(refused);
  if (ids.length) send("", { files: ids });
};

// The place is asked for only after a tap, and sent once.
element("place").onclick = () => {
  if (!navigator.geolocation) { sending("这个浏览器不能定位，请直接写地址"); return; }
  sending("正在定位……");
  navigator.geolocation.getCurrentPosition(
    ({ coords }) => { sending(""); send("", { location: { latitude: coords.latitude, longitude: coords.longitude } }); },
    () => sending("没有定到位置，请直接写地址"),
    { timeout: 10000, maximumAge: 60000 },
  );
};

// What was typed and not sent survives a reload.
chat.onComponentRender = () => {
  const input = chat.shadowRoot.getElementById("text-input");
  if (!input || input.dataset.kept) return;
  input.dataset.kept = "1";
  input.addEventListener("input", () => sessionStorage.setItem(TYPED, input.innerText.trim() && input.innerText));
  const typed = sessionStorage.getItem(TYPED);
  if (!typed) return;
  input.focus();
  document.execCommand("insertText", false, typed); // as if typed: the element's own listeners take away the placeholder
};

document.getElementById("person").onclick = () => chat.submitUserMessage({ text: "转人工" });
const larger = document.getElementById("larger");
const setLarge = (on) => { document.documentElement.classList.toggle("large", on); larger.setAttribute("aria-pressed", String(on)); localStorage.setItem("large", on ? "1" : ""); };
larger.onclick = () => { setLarge(!document.documentElement.classList.contains("large")); chat.scrollToBottom(); };
setLarge(Boolean(localStorage.getItem("large")));
