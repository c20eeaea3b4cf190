// Keeps what was written in a form while the log-in expires or the connection fails; forgets it once it was sent.
const SENT = "draft-sent";
const KEPT = "form[data-keep] textarea, form[data-keep] input:not([type=hidden], [type=checkbox])";
const nameOf = (field) => `draft ${field.form.getAttribute("action")} ${field.name}`;
const fields = (root) => [...root.querySelectorAll(KEPT)];
const forget = (names) => names.forEach((name) => sessionStorage.removeItem(name));

function restore(root) {
  for (const field of fields(root)) {
    const kept = sessionStorage.getItem(nameOf(field));
    if (kept && field.value === field.defaultValue) {
      field.value = kept;
      field.closest("details")?.setAttribute("open", "");
    }
  }
}

if (document.querySelector("form.login")) {
  sessionStorage.removeItem(SENT); // sent, but refused for want of a log-in
} else {
  const sent = JSON.parse(sessionStorage.getItem(SENT) ?? "[]");
  sessionStorage.removeItem(SENT);
  if (!document.querySelector(".fault")) forget(sent);
}
restore(document);
document.addEventListener("input", ({ target }) => {
  if (target.matches?.(KEPT)) sessionStorage.setItem(nameOf(target), target.value);
});
document.addEventListener("submit", ({ target }) => {
  if (target.matches("form[data-keep]") && !target.hasAttribute("hx-post")) {
    sessionStorage.setItem(SENT, JSON.stringify(fields(target).map(nameOf)));
  }
});

// Forms that htmx sends: the answer is there when it is swapped in; where nothing was refused, what was written is sent.
document.addEventListener("htmx:before:swap", ({ target, detail }) => {
  const ok = detail.ctx.response?.status === 200;
  if (ok && target.matches?.("form[data-keep]")) forget(fields(target).map(nameOf));
});
document.addEventListener("htmx:after:swap", () => restore(document));
