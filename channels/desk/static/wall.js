// The wall: the server says when to look, the page fetches the figures; what is focused stays focused.
const figures = document.getElementById("figures");
const live = document.getElementById("live");

async function look() {
  try {
    const answer = await fetch("/console/wall/figures", { credentials: "same-origin", redirect: "manual" });
    if (answer.type === "opaqueredirect") { location.reload(); return; }
    if (!answer.ok) throw new Error(String(answer.status));
    const focused = document.activeElement?.closest("#figures a")?.getAttribute("href");
    figures.innerHTML = await answer.text();
    if (focused) figures.querySelector(`a[href="${CSS.escape(focused)}"]`)?.focus();
    live.textContent = `实时 · ${new Date().toLocaleTimeString("zh-CN", { timeZone: "Asia/Shanghai", hour12: false })}`;
  } catch {
    live.textContent = "连接中断，正在重新连接……";
  }
}

const events = new EventSource("/console/wall/events");
for (const name of ["reload", "look", "emergency"]) events.addEventListener(name, look);
events.addEventListener("error", () => { live.textContent = "连接中断，正在重新连接……"; });
document.getElementById("full").addEventListener("click", () => {
  if (document.fullscreenElement) document.exitFullscreen(); else document.querySelector(".wall").requestFullscreen();
});
