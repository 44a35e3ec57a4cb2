// Builds DOM nodes. Everything that comes from outside goes through text nodes or plain properties, never markup.

export function el(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "class") node.className = value;
    else if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name in node && name !== "list") node[name] = value;
    else node.setAttribute(name, value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

export const byId = (id) => document.getElementById(id);

export function safeLink(url, label) {
  if (!/^(https?:|mailto:)/i.test(url)) return document.createTextNode(label);
  return el("a", { href: url, target: "_blank", rel: "noopener noreferrer" }, label);
}

export function notice(text) {
  const box = byId("notice");
  box.textContent = text;
  box.hidden = false;
  clearTimeout(notice.timer);
  notice.timer = setTimeout(() => { box.hidden = true; }, 6000);
}

const expanded = new Set();

// Long texts are cut, with a "Show more" below, as Slack does; `key` remembers what was opened.
export function collapsible(node, text, key) {
  const long = text.length > 900 || text.split("\n").length > 14;
  if (!long) return [node];
  const open = expanded.has(key);
  node.classList.toggle("cut", !open);
  const button = el("button", { type: "button", class: "more" }, open ? "Show less" : "Show more");
  button.addEventListener("click", () => {
    const nowOpen = node.classList.toggle("cut") === false;
    button.textContent = nowOpen ? "Show less" : "Show more";
    if (nowOpen) expanded.add(key);
    else expanded.delete(key);
  });
  return [node, button];
}
