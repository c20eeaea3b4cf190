// Lists by keyboard, choosing rows, printing, and word of new notices.
const typing = (target) => target.closest?.("input:not([type=checkbox]), textarea, select, [contenteditable]");
const ROW = "table[data-list] tbody tr, [data-cards] > article";
const rows = () => [...document.querySelectorAll(ROW)].filter((row) => row.querySelector("a"));
let current = -1;

function select(index) {
  const all = rows();
  if (!all.length) return;
  all[current]?.classList.remove("current");
  current = Math.max(0, Math.min(index, all.length - 1));
  all[current].classList.add("current");
  all[current].querySelector("a").focus({ preventScroll: true });
  all[current].scrollIntoView({ block: "nearest" });
}

const KEYS = {
  j: () => select(current + 1),
  ArrowDown: () => select(current + 1),
  k: () => select(current - 1),
  ArrowUp: () => select(current - 1),
  x: () => rows()[current]?.querySelector("input[type=checkbox]")?.click(),
  n: () => document.querySelector("a[rel=next]")?.click(),
  "/": () => document.querySelector("[data-search]")?.focus(),
  "?": () => { const help = document.querySelector("details.keys"); if (help) { help.open = !help.open; help.scrollIntoView({ block: "nearest" }); } },
};
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
  const act = KEYS[event.key];
  if (!act || (event.key.startsWith("Arrow") && !rows().length)) return;
  event.preventDefault();
  act();
});
document.addEventListener("focusin", ({ target }) => {
  const row = target.closest?.(ROW);
  if (row) { const index = rows().indexOf(row); if (index >= 0 && index !== current) { rows()[current]?.classList.remove("current"); current = index; row.classList.add("current"); } }
});

// Buttons that work on what was chosen
function chosen() {
  const count = document.querySelectorAll("input[name=n]:checked").length;
  for (const button of document.querySelectorAll("[data-needs-choice]")) {
    button.dataset.label ??= button.textContent;
    button.disabled = !count;
    button.textContent = count ? `${button.dataset.label}（${count}）` : button.dataset.label;
  }
}
document.addEventListener("change", ({ target }) => {
  if (target.matches("[data-all]")) for (const box of (target.closest("table") ?? document).querySelectorAll("input[name=n]")) box.checked = target.checked;
  if (target.matches("[data-all], input[name=n]")) chosen();
});
chosen();
window.addEventListener("pageshow", chosen); // back from another page with boxes still checked

document.querySelector("[data-print]")?.addEventListener("click", () => print());

// Notices
const live = document.getElementById("live");
if (live) {
  const events = new EventSource("/console/events");
  let count = 0;
  events.addEventListener("notice", () => {
    count += 1;
    live.innerHTML = `有 ${count} 条新提醒：<a href="/console/notices">查看</a>，<a href="${location.pathname}${location.search}">刷新列表</a>`;
  });
}

// Notices that came since this browser last showed them
const news = document.querySelectorAll("[data-sequence]");
if (news.length) {
  const seen = Number(localStorage.getItem("notices-seen") ?? 0);
  for (const row of news) if (Number(row.dataset.sequence) > seen) row.classList.add("new");
  localStorage.setItem("notices-seen", String(Math.max(seen, ...[...news].map((row) => Number(row.dataset.sequence)))));
}

// Answer templates go in where the cursor stands
document.addEventListener("change", ({ target }) => {
  const name = target.dataset?.insert;
  if (!name || !target.value) return;
  const field = target.form.elements[name];
  field.setRangeText((field.value && field.selectionStart ? "\n" : "") + target.value, field.selectionStart, field.selectionEnd, "end");
  field.dispatchEvent(new Event("input", { bubbles: true }));
  target.value = "";
  field.focus();
});

// A job's page follows it
async function follow() {
  const shown = document.querySelector("[data-progress]");
  if (!shown) return;
  const answer = await fetch(location.href).catch(() => null);
  if (answer?.ok && !answer.redirected) {
    const fetched = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("progress");
    if (fetched && !fetched.hasAttribute("data-progress")) { location.reload(); return; }
    if (fetched) shown.replaceWith(fetched);
  }
  setTimeout(follow, 2000);
}
if (document.querySelector("[data-progress]")) setTimeout(follow, 1000);

// Parts that take longer to work out come after the page
for (const part of document.querySelectorAll("[data-fetch]")) {
  fetch(part.dataset.fetch).then(async (answer) => { if (answer.ok && !answer.redirected) part.innerHTML = await answer.text(); }).catch(() => {});
}
