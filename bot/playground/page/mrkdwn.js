// Slack's mrkdwn, turned into DOM nodes: https://docs.slack.dev/messaging/formatting-message-text

import { el, safeLink } from "./dom.js";
import { EMOJI } from "./emoji.js";
import { channelById, personName, store } from "./store.js";

const INLINE = new RegExp(
  [
    "`(?<code>[^`\\n]+)`",
    "<(?<angle>[^<>\\n]+)>",
    "(?<![\\w*])\\*(?<bold>[^\\s*](?:[^*\\n]*[^\\s*])?)\\*(?![\\w*])",
    "(?<!\\w)_(?<italic>[^\\s_](?:[^_\\n]*[^\\s_])?)_(?!\\w)",
    "(?<![\\w~])~(?<strike>[^\\s~](?:[^~\\n]*[^\\s~])?)~(?![\\w~])",
    "(?<!\\w):(?<emoji>[a-z0-9_+\\-]+):",
  ].join("|"),
  "g",
);

export const decode = (text) => text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");

export function mrkdwn(text) {
  return text.split(/```/).flatMap((part, index, parts) => {
    const fenced = index % 2 === 1 && index < parts.length - 1;
    if (fenced) return [el("pre", {}, ...flat(part.replace(/^\n|\n$/g, "")))];
    return paragraphs(index % 2 === 1 ? "```" + part : part);
  });
}

// Inside code only links and escapes mean something.
function flat(text) {
  return text.split(/(<[^<>\n]+>)/).map((part) => (/^<.+>$/.test(part) ? angle(part.slice(1, -1)) : decode(part)));
}

function paragraphs(text) {
  const nodes = [];
  let quote = [];
  const close = () => {
    if (quote.length) nodes.push(el("blockquote", {}, ...inline(quote.join("\n"))));
    quote = [];
  };
  const lines = text.replace(/^\n/, "").split("\n");
  lines.forEach((line, index) => {
    if (line.startsWith("&gt;") || line.startsWith(">")) {
      quote.push(line.replace(/^(&gt;|>) ?/, ""));
      return;
    }
    close();
    nodes.push(...inline(line));
    if (index < lines.length - 1) nodes.push(document.createTextNode("\n"));
  });
  close();
  return nodes;
}

export function inline(text) {
  const nodes = [];
  let start = 0;
  for (const match of text.matchAll(INLINE)) {
    nodes.push(document.createTextNode(decode(text.slice(start, match.index))));
    nodes.push(styled(match));
    start = match.index + match[0].length;
  }
  nodes.push(document.createTextNode(decode(text.slice(start))));
  return nodes;
}

function styled(match) {
  const { code, angle: inside, bold, italic, strike, emoji } = match.groups;
  if (code !== undefined) return el("code", {}, ...flat(code));
  if (inside !== undefined) return angle(inside);
  if (bold !== undefined) return el("b", {}, ...inline(bold));
  if (italic !== undefined) return el("i", {}, ...inline(italic));
  if (strike !== undefined) return el("s", {}, ...inline(strike));
  return emojiNode(emoji) ?? document.createTextNode(match[0]);
}

export function emojiNode(name) {
  const character = EMOJI.get(name);
  return character ? el("span", { class: "emoji", title: `:${name}:` }, character) : null;
}

function angle(inside) {
  const bar = inside.indexOf("|");
  const target = bar < 0 ? inside : inside.slice(0, bar);
  const label = bar < 0 ? "" : decode(inside.slice(bar + 1));
  if (target.startsWith("@")) return mention(`@${personName(target.slice(1))}`, target.slice(1) === store.me);
  if (target.startsWith("#")) return mention(`#${label || channelById(target.slice(1))?.name || target.slice(1)}`);
  if (target.startsWith("!subteam^")) return mention(label || groupName(target.slice(9)));
  if (target.startsWith("!date^")) return document.createTextNode(label);
  if (target.startsWith("!")) return mention(`@${label || target.slice(1)}`, true);
  if (!/^(https?:|mailto:)/i.test(target)) return document.createTextNode(`<${decode(inside)}>`);
  return safeLink(decode(target), label || decode(target.replace(/^mailto:/, "")));
}

export const groupName = (id) => `@${store.state.groups.find((group) => group.id === id)?.handle ?? id}`;
export const mention = (text, me = false) => el("span", { class: me ? "mention me" : "mention" }, text);
