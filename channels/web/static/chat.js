// The resident's chat. Every message carries an id made here, so that sending it again after a broken connection is harmless.
import "/static/vendor/deep-chat.js";

const chat = document.getElementById("chat");
const state = document.getElementById("state");
const states = { bot: "智能客服为您服务", waiting: "正在为您接通工作人员", operator: "工作人员正在为您服务" };
const unacknowledged = new Map();
const mine = new Set();
let lastId = 0;
let socket;
let retry = 1000;
let started = false;

const escape = (text) => text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
const lines = (text) => escape(text).replace(/\n/g, "<br>");

function render(message) {
  const parts = [`<p class="say">${lines(message.text)}</p>`];
  if (message.custom?.kind === "emergency") {
    parts.push(`<div class="row">${message.custom.lines.map((line) => `<a class="call" href="tel:${line}">拨打 ${line}</a>`).join("")}</div>`);
  }
  if (message.buttons.length) {
    const buttons = message.buttons.map((b) => `<button type="button" class="quick" data-payload="${escape(b.payload)}">${escape(b.title)}</button>`);
    parts.push(`<div class="row">${buttons.join("")}</div>`);
  }
  return parts.join("");
}

function show(message) {
  if (message.id <= lastId) return;
  lastId = message.id;
  if (message.author === "resident") {
    if (!mine.has(message.id)) chat.addMessage({ text: message.text, role: "user" });
    return;
  }
  chat.addMessage({ html: render(message), role: message.author === "operator" ? "operator" : "ai" });
}

function connect() {
  socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/channels/web/ws`);
  socket.onopen = () => {
    retry = 1000;
    socket.send(JSON.stringify({ type: "resume", after: lastId }));
    for (const message of unacknowledged.values()) socket.send(JSON.stringify(message));
  };
  socket.onmessage = ({ data }) => {
    const event = JSON.parse(data);
    if (event.type === "ack") {
      unacknowledged.delete(event.client_id);
      mine.add(event.id);
      state.textContent = "正在处理……";
    } else if (event.type === "messages") {
      event.messages.forEach(show);
      if (event.messages.some((m) => m.author !== "resident") || !event.messages.length) state.textContent = states[event.holder];
      if (!started) { started = true; askedInAddress(); }
    } else if (event.type === "error") {
      chat.addMessage({ error: event.detail });
    }
  };
  socket.onclose = ({ code }) => {
    if (code === 4401) { location.reload(); return; }
    state.textContent = "连接断开，正在重连……您写的话不会丢";
    setTimeout(connect, retry);
    retry = Math.min(retry * 2, 15000);
  };
}

function send(text) {
  const message = { type: "message", client_id: crypto.randomUUID ? crypto.randomUUID() : `${Date.now()}-${Math.random().toString(36).slice(2)}`, text };
  unacknowledged.set(message.client_id, message);
  if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
}

// A link such as /?order=BJ20261123-000042 asks for that order's progress at once; the address then forgets it.
function askedInAddress() {
  const order = new URLSearchParams(location.search).get("order");
  if (order && /^BJ\d{8}-\d{6}$/.test(order)) chat.submitUserMessage({ text: `查一下 ${order} 的进度` });
  if (location.search) history.replaceState(null, "", "/");
}

const quick = { padding: "0.35em 0.9em", border: "1px solid #b3261e", borderRadius: "1.2em", background: "#fff", color: "#8c1d18", cursor: "pointer", fontSize: "1em" };
chat.htmlClassUtilities = {
  say: { styles: { default: { margin: "0" } } },
  row: { styles: { default: { display: "flex", flexWrap: "wrap", gap: "0.45em", marginTop: "0.55em" } } },
  quick: { events: { click: (event) => chat.submitUserMessage({ text: event.target.dataset.payload }) }, styles: { default: quick, hover: { background: "#fdeceb" } } },
  call: { styles: { default: { padding: "0.45em 1.1em", borderRadius: "1.2em", background: "#b3261e", color: "#fff", fontWeight: "700", textDecoration: "none" } } },
};
chat.messageStyles = {
  default: {
    shared: { bubble: { fontSize: "1rem", lineHeight: "1.6", maxWidth: "min(85%, 34rem)" } },
    user: { bubble: { backgroundColor: "#b3261e", color: "#fff" } },
    ai: { bubble: { backgroundColor: "#fff", color: "#1d2733", border: "1px solid #d8dee6" } },
    operator: { bubble: { backgroundColor: "#e8f1ff", color: "#10243e", border: "1px solid #b7cdec" } },
  },
  html: {
    ai: { bubble: { backgroundColor: "#fff", color: "#1d2733", border: "1px solid #d8dee6" } },
    operator: { bubble: { backgroundColor: "#e8f1ff", color: "#10243e", border: "1px solid #b7cdec" } },
  },
};
chat.names = { ai: { text: "智能客服" }, operator: { text: "工作人员" }, user: { text: "我" } };
chat.textInput = { placeholder: { text: "请说说在哪里、出了什么事" }, characterLimit: 20000, styles: { container: { borderRadius: "1.2rem" }, text: { fontSize: "1rem" } } };
chat.auxiliaryStyle = "::-webkit-scrollbar { width: 8px } ::-webkit-scrollbar-thumb { background: #c3ccd6; border-radius: 4px }";
chat.connect = {
  websocket: true,
  handler: (_, signals) => {
    signals.onOpen();
    signals.newUserMessage.listener = (body) => send(body.messages?.at(-1)?.text ?? body.text ?? "");
    connect();
  },
};

document.getElementById("person").onclick = () => chat.submitUserMessage({ text: "转人工" });
const larger = document.getElementById("larger");
const setLarge = (on) => { document.documentElement.classList.toggle("large", on); larger.setAttribute("aria-pressed", String(on)); localStorage.setItem("large", on ? "1" : ""); };
larger.onclick = () => setLarge(!document.documentElement.classList.contains("large"));
setLarge(Boolean(localStorage.getItem("large")));
