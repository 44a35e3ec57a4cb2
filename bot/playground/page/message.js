// One message: who, when, what, its files, reactions, thread, and what can be done with it.

import { act, readFile } from "./api.js";
import { renderBlocks } from "./blocks.js";
import { collapsible, el, notice } from "./dom.js";
import { emojiNode, mrkdwn } from "./mrkdwn.js";
import { author, botPerson, isBot, personName, store } from "./store.js";

const REACTIONS = ["+1", "eyes", "white_check_mark"];

export function messageNode(message, { channel, inThread, follows, openThread, redraw }) {
  const ephemeral = Boolean(message.is_ephemeral);
  const classes = ["message", follows && "follows", ephemeral && "ephemeral", message.subtype === "tombstone" && "tombstone"];
  const node = el("article", { class: classes.filter(Boolean).join(" "), "data-ts": message.ts });
  if (ephemeral) node.append(el("p", { class: "only-you" }, "Only visible to you"));
  if (message.subtype === "thread_broadcast" && !inThread) node.append(el("p", { class: "only-you" }, "replied to a thread"));
  node.append(avatar(message), heading(message), body(message, redraw));
  node.append(...(message.files ?? []).map(fileNode), reactionsNode(message, channel));
  if (!inThread && message.reply_count) node.append(threadLink(message, openThread));
  if (message.subtype !== "tombstone") node.append(toolbar(message, { channel, inThread, openThread, redraw }));
  return node;
}

export function avatar(message) {
  const name = author(message);
  const initials = name.split(/\s+/).map((word) => word[0]).join("").slice(0, 2).toUpperCase();
  const id = message.user ?? botPerson(message.bot_id ?? "")?.id ?? name;
  const color = (store.state.people.findIndex((one) => one.id === id) + 7) % 7;
  return el("span", { class: `avatar color-${color}`, "aria-hidden": "true" }, initials);
}

function heading(message) {
  const at = new Date(Number(message.ts) * 1000);
  const time = at.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  return el("header", {}, el("b", {}, author(message)), isBot(message) && el("span", { class: "badge" }, "APP"),
    el("time", { dateTime: at.toISOString(), title: at.toLocaleString() }, time));
}

function body(message, redraw) {
  if (store.editing === message.ts) return editor(message, redraw);
  const box = el("div", { class: "body" });
  const use = (element, chosen) => {
    const asked = { user: store.me, ts: message.ts, action_id: element.action_id, chosen };
    act("click", asked).then(said, (error) => notice(error.message));
  };
  if (message.blocks?.length) box.append(...renderBlocks(message.blocks, message.ts, use));
  else if (message.text) box.append(...collapsible(el("div", { class: "text" }, ...mrkdwn(message.text)), message.text, message.ts));
  if (message.edited) box.append(el("span", { class: "edited" }, "(edited)"));
  return box;
}

export function said(done) {
  if (!done.ok) notice(`That did not work: ${done.error}`);
  else if (done.acknowledged === false) notice("The app did not answer. Is it running?");
}

function editor(message, redraw) {
  const area = el("textarea", { rows: 4, value: typedText(message), "aria-label": "Edit the message" });
  const close = () => {
    store.editing = "";
    redraw();
  };
  const save = async () => {
    const asked = { user: store.me, channel: store.channel, ts: message.ts, text: area.value };
    store.editing = "";
    said(await act("edit", asked));
    redraw();
  };
  area.addEventListener("keydown", (event) => {
    if (event.key === "Escape") close();
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      save();
    }
  });
  requestAnimationFrame(() => area.focus());
  return el("div", { class: "editor" }, area,
    el("button", { type: "button", class: "button", onclick: close }, "Cancel"),
    el("button", { type: "button", class: "button primary", onclick: save }, "Save"));
}

// What the author typed, out of the rich text that Slack keeps.
function typedText(message) {
  const leaf = (item) => item.text ?? item.url ?? (item.user_id ? `@${personName(item.user_id)}` : item.name ? `#${item.name}` : "");
  const group = (one) => {
    const text = one.elements.map(leaf).join("");
    return one.type === "rich_text_preformatted" ? "```\n" + text + "\n```" : text;
  };
  return (message.blocks ?? []).flatMap((block) => block.elements ?? []).map(group).join("");
}

function fileNode(file) {
  const kilobytes = file.size < 1024 ? `${file.size} bytes` : `${(file.size / 1024).toFixed(1)} kB`;
  const save = async () => {
    try {
      const url = URL.createObjectURL(await readFile(file.id));
      el("a", { href: url, download: file.name }).click();
      setTimeout(() => URL.revokeObjectURL(url), 10000);
    } catch (error) {
      notice(error.message);
    }
  };
  return el("div", { class: "file" },
    el("header", {}, el("b", {}, file.title || file.name), el("span", {}, `${file.filetype} · ${kilobytes}`),
      el("button", { type: "button", class: "link", onclick: save }, "Download")),
    isPicture(file) && picture(file),
    file.preview && el("pre", {}, file.preview),
    file.lines_more > 0 && el("span", { class: "hint" }, `+ ${file.lines_more} more lines`));
}

const isPicture = (file) => ["image/png", "image/jpeg", "image/gif"].includes(file.mimetype);

// A picture needs the page's token, so it is fetched and shown from memory; redrawn messages share it.
const pictures = new Map();

function picture(file) {
  const image = el("img", { class: "shown", alt: file.alt_txt || file.title || file.name });
  if (!pictures.has(file.id)) {
    const typed = (content) => URL.createObjectURL(new Blob([content], { type: file.mimetype }));
    pictures.set(file.id, readFile(file.id).then(typed));
  }
  pictures.get(file.id).then((url) => image.setAttribute("src", url), () => pictures.delete(file.id));
  return image;
}

function reactionsNode(message, channel) {
  const box = el("div", { class: "reactions" });
  for (const reaction of message.reactions ?? []) {
    const mine = reaction.users.includes(store.me);
    const who = reaction.users.map(personName).join(", ");
    const toggle = () => act("react", { user: store.me, channel, ts: message.ts, name: reaction.name, add: !mine }).then(said);
    box.append(el("button", { type: "button", class: mine ? "mine" : "", title: who, onclick: toggle },
      emojiNode(reaction.name) ?? `:${reaction.name}:`, ` ${reaction.count}`));
  }
  return box;
}

function threadLink(message, openThread) {
  const count = message.reply_count === 1 ? "1 reply" : `${message.reply_count} replies`;
  const faces = (message.reply_users ?? []).slice(0, 4).map((user) => avatar({ user }));
  return el("button", { type: "button", class: "thread-link", onclick: () => openThread(message.ts) }, ...faces, el("span", {}, count));
}

function toolbar(message, { channel, inThread, openThread, redraw }) {
  const { me } = store;
  const bar = el("div", { class: "toolbar", role: "toolbar", "aria-label": "Message actions" });
  const add = (label, onclick, title = label) => bar.append(el("button", { type: "button", title, "aria-label": title, onclick }, label));
  if (message.is_ephemeral) {
    add("Dismiss", () => act("dismiss", { user: me, ts: message.ts }));
    return bar;
  }
  for (const name of REACTIONS) {
    const send = () => act("react", { user: me, channel, ts: message.ts, name, add: true }).then(said);
    add(emojiNode(name).textContent, send, `React with :${name}:`);
  }
  if (!inThread) add("Reply", () => openThread(message.thread_ts ?? message.ts), "Reply in thread");
  for (const [id, title] of Object.entries(store.state.shortcuts)) {
    add(title, () => act("shortcut", { user: me, channel, ts: message.ts, callback_id: id }).then(said));
  }
  if (message.user === me) {
    add("Edit", () => {
      store.editing = message.ts;
      redraw();
    });
    add("Delete", () => act("delete", { user: me, channel, ts: message.ts }).then(said));
  }
  return bar;
}
