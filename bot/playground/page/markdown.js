// The `markdown` block: standard Markdown, as far as messages use it.

import { el, safeLink } from "./dom.js";

const INLINE = /`([^`\n]+)`|\*\*([^*\n]+)\*\*|(?<!\w)[*_]([^*_\n]+)[*_](?!\w)|~~([^~\n]+)~~|\[([^\]\n]+)\]\(([^)\s]+)\)/g;

export function markdown(text) {
  const nodes = [];
  const lines = text.split("\n");
  while (lines.length) {
    const line = lines[0];
    if (line.startsWith("```")) nodes.push(fence(lines));
    else if (/^#{1,6} /.test(line)) nodes.push(el("p", { class: "md-heading" }, ...inline(lines.shift().replace(/^#+ /, ""))));
    else if (/^\s*[-*] /.test(line)) nodes.push(list(lines, /^\s*[-*] /, "ul"));
    else if (/^\s*\d+\. /.test(line)) nodes.push(list(lines, /^\s*\d+\. /, "ol"));
    else if (line.startsWith(">")) nodes.push(quote(lines));
    else if (/^(---|\*\*\*)\s*$/.test(line)) nodes.push(lines.shift() && el("hr"));
    else if (line.includes("|") && /^[\s|:-]+$/.test(lines[1] ?? "")) nodes.push(table(lines));
    else if (line.trim()) nodes.push(el("p", {}, ...inline(lines.shift())));
    else lines.shift();
  }
  return nodes;
}

function take(lines, test) {
  const taken = [];
  while (lines.length && test(lines[0])) taken.push(lines.shift());
  return taken;
}

function fence(lines) {
  lines.shift();
  const body = take(lines, (line) => !line.startsWith("```"));
  lines.shift();
  return el("pre", {}, body.join("\n"));
}

function list(lines, marker, tag) {
  const items = take(lines, (line) => marker.test(line));
  return el(tag, {}, ...items.map((item) => el("li", {}, ...inline(item.replace(marker, "")))));
}

function quote(lines) {
  const inside = take(lines, (line) => line.startsWith(">")).map((line) => line.replace(/^> ?/, ""));
  return el("blockquote", {}, ...inline(inside.join("\n")));
}

function table(lines) {
  const rows = take(lines, (line) => line.includes("|"));
  rows.splice(1, 1);
  const cells = (row) => row.replace(/^\||\|\s*$/g, "").split("|").map((cell) => cell.trim());
  const made = rows.map((row, index) =>
    el("tr", {}, ...cells(row).map((cell) => el(index ? "td" : "th", {}, ...inline(cell)))));
  return el("div", { class: "table" }, el("table", {}, ...made));
}

function inline(text) {
  const nodes = [];
  let start = 0;
  for (const match of text.matchAll(INLINE)) {
    const [, code, bold, italic, strike, label, url] = match;
    nodes.push(document.createTextNode(text.slice(start, match.index)));
    if (code !== undefined) nodes.push(el("code", {}, code));
    else if (bold !== undefined) nodes.push(el("b", {}, ...inline(bold)));
    else if (italic !== undefined) nodes.push(el("i", {}, ...inline(italic)));
    else if (strike !== undefined) nodes.push(el("s", {}, ...inline(strike)));
    else nodes.push(safeLink(url, label));
    start = match.index + match[0].length;
  }
  nodes.push(document.createTextNode(text.slice(start)));
  return nodes;
}
