// How one message looks: its words, the card for what the assistant sends as data, telephone links and quick replies.
// Everything that comes from outside is escaped here; deep-chat puts the result into its own shadow tree.

const escape = (text) => String(text ?? "").replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
const lines = (text) => escape(text).replace(/\n/g, "<br>");

// The address of a resident's own page in our words, as a link within this site.
const ownPage = /https?:\/\/[\w.:-]+\/(my|survey)\/([\w.-]+)/g;
const pageNames = { my: "打开我的进度页", survey: "打开评价页" };
const ownPageLink = (_, page, token) => `<a class="page" href="/${page}/${token}">${pageNames[page]}</a>`;
const ourWords = (text) => lines(text).replace(ownPage, ownPageLink);

const beijing = { timeZone: "Asia/Shanghai" };
const dayAndTime = (iso) => new Date(iso).toLocaleString("zh-CN", { ...beijing, month: "long", day: "numeric", weekday: "short", hour: "2-digit", minute: "2-digit", hour12: false });
const time = (iso) => new Date(iso).toLocaleTimeString("zh-CN", { ...beijing, hour: "2-digit", minute: "2-digit", hour12: false });
const hours = (count) => (count > 24 && count % 24 === 0 ? `${count / 24} 天` : `${count} 小时`);
const placeWords = (place) => [place?.district, place?.street, place?.community, place?.detail].filter(Boolean).join(" ") || "地点不详";
const names = (units) => (units ?? []).map((unit) => unit.name).join("、");

function card(title, rows, foot = "", mark = "") {
  const shown = rows.filter(([, value]) => value).map(([name, value]) => `<dt>${name}</dt><dd>${lines(value)}</dd>`);
  return `<section class="card ${mark}"><p class="card-title">${title}</p><dl>${shown.join("")}</dl>${foot ? `<p class="card-foot">${foot}</p>` : ""}</section>`;
}

const cards = {
  order_summary: (data) => card("请核对一下，没问题就点“确认提交”", [
    ["事项", [data.request_type, data.matter?.name].filter(Boolean).join(" · ")],
    ["情况", data.description],
    ["地点", placeWords(data.place)],
    ["联系", data.contact?.anonymous ? "匿名（不留电话）" : [data.contact?.name, data.contact?.phone].filter(Boolean).join(" ")],
    ["转给", data.unit?.name],
    ["抄送", names(data.copied_to)],
    ["时限", data.deadline?.hours ? `${hours(data.deadline.hours)}内办理` : ""],
  ]),
  order_filed: (data) => card("已登记派单", [
    ["单号", data.number],
    ["事项", data.matter?.name],
    ["承办", data.unit?.name],
    ["抄送", names(data.copied_to)],
    ["时限", data.deadline_at ? `${dayAndTime(data.deadline_at)} 前办理` : ""],
  ], `想知道进展，把单号发到这里就能查。${data.progress_url ? `<br>${ourWords(data.progress_url)}` : ""}`, "filed"),
  progress: (data) => card(`办理进度：${escape(data.state_text ?? "办理中")}`, [
    ["单号", data.number],
    ["事项", data.matter?.name],
    ["承办", data.unit?.name],
    ["进展", data.events?.length ? `${data.events.at(-1).text}（${dayAndTime(data.events.at(-1).at)}）` : ""],
    ["答复", data.answer],
    ["时限", !data.answer && data.deadline_at ? `${dayAndTime(data.deadline_at)} 前办理` : ""],
  ]),
  // "html" is made and cleaned by the platform (dispatch/knowledge/render.py), never by a resident.
  answer: (data, text) => data.html
    ? `<div class="say rich">${data.html}</div><p class="card-foot">${escape([data.source && `来源：${data.source}`, data.article, data.updated_on && `更新于 ${data.updated_on}`].filter(Boolean).join("，"))}</p>`
    : `<p class="say">${lines(text)}</p>`,
  emergency: (data, text) => `<section class="alarm" role="alert"><p class="say">${lines(text)}</p><div class="row">${data.lines.map((line) => `<a class="call" href="tel:${escape(line)}">拨打 ${escape(line)}</a>`).join("")}</div></section>`,
};

const NOTICES = new Set(["taken_over", "handed_back"]);

/** Whose bubble a message goes into: deep-chat styles each role by itself. */
export function roleOf(message) {
  if (message.author === "resident") return "user";
  if (NOTICES.has(message.custom?.kind)) return "notice";
  if (message.custom?.kind === "emergency") return "alarm";
  return message.author === "operator" ? "operator" : "ai";
}

/** The message as HTML; cards replace the wall of text that other channels get. */
export function render(message) {
  const draw = cards[message.custom?.kind];
  const parts = [draw ? draw(message.custom, message.text) : `<p class="say">${message.author === "resident" ? lines(message.text) : ourWords(message.text)}</p>`];
  if (message.author === "operator") parts.unshift(`<p class="who">工作人员 ${time(message.at)}</p>`);
  if (message.buttons.length) {
    const main = (b) => (b.payload === "确认提交" ? " main" : "");
    const buttons = message.buttons.map((b) => `<button type="button" class="quick${main(b)}" data-payload="${escape(b.payload)}">${escape(b.title)}</button>`);
    parts.push(`<div class="row choices">${buttons.join("")}</div>`);
  }
  return parts.join("");
}

/** What a resident sent beside words. Links work for a quarter of an hour; a reload brings fresh ones. */
export function renderFiles(files) {
  const show = {
    photo: (f) => `<a href="${escape(f.url)}" target="_blank" rel="noopener"><img class="picture" src="${escape(f.thumbnail_url ?? f.url)}" alt="您发的图片"></a>`,
    video: (f) => `<video class="picture" controls preload="metadata" src="${escape(f.url)}" aria-label="您发的视频"></video>`,
    voice: (f) => `<audio controls preload="none" src="${escape(f.url)}" aria-label="您发的语音"></audio>`,
    document: (f) => `<a class="file" href="${escape(f.url)}">${escape(f.filename ?? "文件")}</a>`,
  };
  return `<div class="row">${files.map((f) => show[f.kind](f)).join("")}</div>`;
}

const icon = (fill, body) => `data:image/svg+xml,${encodeURIComponent(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 40"><circle cx="20" cy="20" r="20" fill="${fill}"/>${body}</svg>`)}`;
export const avatars = {
  bot: icon("#b3261e", '<path d="M11 14a4 4 0 0 1 4-4h10a4 4 0 0 1 4 4v8a4 4 0 0 1-4 4h-5l-6 5v-5a4 4 0 0 1-3-4z" fill="#fff"/><circle cx="16" cy="18" r="1.8" fill="#b3261e"/><circle cx="24" cy="18" r="1.8" fill="#b3261e"/>'),
  operator: icon("#1f5fae", '<circle cx="20" cy="15.5" r="6" fill="#fff"/><path d="M8.5 33a11.5 11 0 0 1 23 0z" fill="#fff"/>'),
};

/** Styles of what is inside the chat element. */
export const style = `
  ::-webkit-scrollbar { width: 8px } ::-webkit-scrollbar-thumb { background: #b4bfca; border-radius: 4px }
  p { margin: 0 }
  .say { overflow-wrap: anywhere }
  .rich p, .rich ul, .rich ol, .rich table { margin: 0 0 .5rem }
  .rich ul, .rich ol { padding-left: 1.3rem }
  .rich td, .rich th { border: 1px solid #d3dae2; padding: .2rem .5rem }
  .rich a { color: inherit }
  .who { color: #33507a; font-size: .8rem; margin-bottom: .1rem }
  .row { display: flex; flex-wrap: wrap; gap: .5rem; margin-top: .65rem }
  .quick { font: inherit; padding: .35rem .95rem; min-height: 2.5rem; border: 1px solid #b3261e; border-radius: 1.3rem; background: #fff; color: #8c1d18; cursor: pointer }
  .quick:hover { background: #fdeceb }
  .quick.main { background: #b3261e; color: #fff; font-weight: 600 }
  .quick.main:hover { background: #8c1d18 }
  .quick:focus-visible, .call:focus-visible, #text-input:focus-visible { outline: 3px solid #1a73e8; outline-offset: 2px }
  .card { min-width: min(19rem, 62vw) }
  .card-title { font-weight: 650; padding-bottom: .45rem; margin-bottom: .5rem; border-bottom: 1px solid #e3e8ee }
  .filed .card-title { color: #136437 }
  .filed .card-title::before { content: "✓ "; }
  .card dl { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: .3rem .9rem; margin: 0 }
  .card dt { color: #566274 }
  .card dd { margin: 0; overflow-wrap: anywhere }
  .filed dd:first-of-type { font-weight: 650; font-variant-numeric: tabular-nums }
  .card-foot { margin-top: .55rem; color: #566274; font-size: .88rem }
  .picture { display: block; max-width: 13rem; max-height: 13rem; border-radius: .5rem; background: #dfe5ec }
  .file { color: inherit }
  .alarm { font-weight: 600 }
  .call { display: inline-flex; align-items: center; min-height: 2.75rem; padding: .2rem 1.3rem; border-radius: 1.4rem; background: #b3261e; color: #fff; font-size: 1.1rem; font-weight: 700; text-decoration: none }
  .call:hover { background: #8c1d18 }
`;
