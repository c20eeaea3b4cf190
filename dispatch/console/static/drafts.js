// Keeps what was written in a form while the log-in expires or the connection fails; forgets it once it was sent.
const SENT = "draft-sent";
const fields = [...document.querySelectorAll("form[data-keep] textarea")];
const nameOf = (field) => `draft ${field.form.getAttribute("action")} ${field.name}`;

if (document.querySelector("form.login")) {
  sessionStorage.removeItem(SENT); // sent, but refused for want of a log-in
} else {
  const sent = JSON.parse(sessionStorage.getItem(SENT) ?? "[]");
  sessionStorage.removeItem(SENT);
  if (!document.querySelector(".fault")) sent.forEach((name) => sessionStorage.removeItem(name));
}
for (const field of fields) {
  const kept = sessionStorage.getItem(nameOf(field));
  if (kept && !field.value) {
    field.value = kept;
    field.closest("details")?.setAttribute("open", "");
  }
  field.addEventListener("input", () => sessionStorage.setItem(nameOf(field), field.value));
}
document.addEventListener("submit", ({ target }) => {
  if (target.matches("form[data-keep]")) sessionStorage.setItem(SENT, JSON.stringify(fields.filter((f) => f.form === target).map(nameOf)));
});
