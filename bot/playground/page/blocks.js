// Block Kit, turned into DOM nodes. `use(element, chosen)` is called when a person uses a button or menu.

import { collapsible, el, safeLink } from "./dom.js";
import { emojiNode, groupName, mention, mrkdwn } from "./mrkdwn.js";
import { markdown } from "./markdown.js";
import { elementNode, imageNode } from "./elements.js";
import { inputBlock } from "./inputs.js";
import { channelById, personName, store } from "./store.js";

export function renderBlocks(blocks, key, use, form) {
  return blocks.map((block, index) => {
    const render = RENDERERS[block.type];
    if (!render) return el("div", { class: "block unknown" }, `This page can't show "${block.type}" blocks.`);
    return el("div", { class: `block ${block.type}` }, ...render(block, `${key}/${index}`, use, form));
  });
}

export function textNodes(text) {
  if (text.type === "mrkdwn") return mrkdwn(text.text);
  return plain(text.text);
}

export function plain(text) {
  return text.split(/(:[a-z0-9_+-]+:)/).map((part) => {
    const code = /^:([a-z0-9_+-]+):$/.exec(part);
    return (code && emojiNode(code[1])) || document.createTextNode(part);
  });
}

function section(block, key, use) {
  const body = el("div", { class: "section-body" });
  if (block.text) body.append(...collapsible(el("div", { class: "text" }, ...textNodes(block.text)), block.text.text, key));
  if (block.fields) {
    const fields = block.fields.map((field) => el("div", { class: "text" }, ...textNodes(field)));
    body.append(el("div", { class: "fields" }, ...fields));
  }
  return [body, block.accessory && el("div", { class: "accessory" }, elementNode(block.accessory, use))];
}

function context(block) {
  return block.elements.map((item) =>
    item.type === "image" ? imageNode(item, "context-image") : el("span", { class: "text" }, ...textNodes(item)));
}

function image(block) {
  return [block.title && el("div", { class: "image-title" }, ...textNodes(block.title)), imageNode(block, "block-image")];
}

function table(block) {
  const align = (column) => block.column_settings?.[column]?.align ?? "left";
  const rows = block.rows.map((row, index) => {
    const cells = row.map((cell, column) => {
      const inside = cell.type === "raw_text" ? [document.createTextNode(cell.text)] : richText(cell, "cell");
      return el(index ? "td" : "th", { class: `align-${align(column)}` }, ...inside);
    });
    return el("tr", {}, ...cells);
  });
  return [el("div", { class: "table" }, el("table", {}, ...rows))];
}

function richText(block, key) {
  const length = JSON.stringify(block.elements).length > 2400 ? textOf(block.elements) : "";
  const body = el("div", { class: "text" }, ...block.elements.map(richGroup));
  return collapsible(body, length, key);
}

const textOf = (elements) =>
  elements.map((item) => item.text ?? item.url ?? (item.elements ? textOf(item.elements) : "")).join("");

function richGroup(group) {
  if (group.type === "rich_text_list") {
    const items = group.elements.map((item) => el("li", {}, ...item.elements.map(richLeaf)));
    return el(group.style === "ordered" ? "ol" : "ul", {}, ...items);
  }
  const tag = { rich_text_preformatted: "pre", rich_text_quote: "blockquote" }[group.type] ?? "div";
  return el(tag, {}, ...group.elements.map(richLeaf));
}

function richLeaf(item) {
  const style = item.style ?? {};
  let node = leafNode(item);
  if (style.code) node = el("code", {}, node);
  if (style.bold) node = el("b", {}, node);
  if (style.italic) node = el("i", {}, node);
  if (style.strike) node = el("s", {}, node);
  return node;
}

function leafNode(item) {
  switch (item.type) {
    case "link": return safeLink(item.url, item.text ?? item.url);
    case "user": return mention(`@${personName(item.user_id)}`, item.user_id === store.me);
    case "channel": return mention(`#${channelById(item.channel_id)?.name ?? item.channel_id}`);
    case "usergroup": return mention(groupName(item.usergroup_id));
    case "broadcast": return mention(`@${item.range}`, true);
    case "emoji": return emojiNode(item.name) ?? document.createTextNode(`:${item.name}:`);
    case "date": return document.createTextNode(item.fallback ?? String(item.timestamp));
    default: return document.createTextNode(item.text ?? "");
  }
}

const RENDERERS = {
  section,
  context,
  image,
  table,
  rich_text: richText,
  header: (block) => [el("h3", {}, ...plain(block.text.text))],
  divider: () => [el("hr")],
  actions: (block, key, use) => block.elements.map((item) => elementNode(item, use)),
  markdown: (block, key) => collapsible(el("div", { class: "text" }, ...markdown(block.text)), block.text, key),
  input: (block, key, use, form) => inputBlock(block, form),
};

