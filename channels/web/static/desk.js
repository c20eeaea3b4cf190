// The desk's live part: server events become events on the page, and htmx fetches what changed.
const talk = document.getElementById("talk");
const bottom = () => { if (talk) talk.scrollTop = talk.scrollHeight; };
bottom();
if (talk) new MutationObserver(bottom).observe(talk, { childList: true });

const events = new EventSource("/desk/events");
const tell = (name) => htmx.trigger(document.body, name);
events.addEventListener("queue", () => tell("desk-queue"));
events.addEventListener("message", ({ data }) => { tell(`desk-message-${data}`); tell("desk-queue"); });
events.addEventListener("reload", () => location.reload());

document.addEventListener("keydown", (event) => {
  if (event.altKey) {
    const button = document.querySelector(`button[data-key="${event.key.toUpperCase()}"]`);
    if (button) { event.preventDefault(); button.click(); }
  }
  if (event.ctrlKey && event.key === "Enter" && event.target.id === "reply") event.target.form.requestSubmit();
});
