// The desk's live part: server events become events on the page, and htmx fetches what changed.
const talk = document.getElementById("talk");
const live = document.getElementById("live");
const bottom = () => { if (talk) talk.scrollTop = talk.scrollHeight; };
bottom();
if (talk) new MutationObserver(bottom).observe(talk, { childList: true });

const events = new EventSource("/desk/events");
const tell = (name) => htmx.trigger(document.body, name);
const refresh = () => { tell("desk-queue"); if (talk) tell(`desk-message-${talk.dataset.conversation}`); };
let lost = false;
events.addEventListener("queue", () => tell("desk-queue"));
events.addEventListener("message", ({ data }) => { tell(`desk-message-${data}`); tell("desk-queue"); });
events.addEventListener("reload", () => location.reload());
events.onopen = () => {
  live.textContent = "实时更新中";
  live.classList.remove("late");
  if (lost) refresh(); // what happened meanwhile sent no event here
  lost = false;
};
events.onerror = () => {
  lost = true;
  live.classList.add("late");
  live.textContent = events.readyState === EventSource.CLOSED ? "实时更新已停止，请刷新页面" : "连接断开，正在重连……";
};

document.addEventListener("keydown", (event) => {
  if (event.altKey) {
    const button = document.querySelector(`button[data-key="${event.key.toUpperCase()}"]`);
    if (button) { event.preventDefault(); button.click(); }
  }
  if (event.ctrlKey && event.key === "Enter" && event.target.id === "reply") event.target.form.requestSubmit();
});
