// The box that messages, commands and files go into.

import { act, upload } from "./api.js";
import { el, notice } from "./dom.js";
import { said } from "./message.js";
import { store } from "./store.js";

const TALLEST = 320;

export function mountComposer(box, pane, { label, thread, inThread = false }) {
  let files = [];
  const chips = el("div", { class: "chips" });
  const area = el("textarea", { rows: 1, "aria-label": label(), placeholder: label() });
  const picker = el("input", { type: "file", multiple: true, hidden: true });
  const attach = el("button", { type: "button", class: "icon", title: "Attach files", "aria-label": "Attach files" }, "+");
  const shortcuts = Object.entries(store.state.globalShortcuts ?? {}).map(([id, title]) =>
    el("button", { type: "button", class: "shortcut", title: "A shortcut of the app", onclick: () => use(id) }, `⚡ ${title}`));
  const sendButton = el("button", { type: "button", class: "button primary" }, "Send");

  const showFiles = () => chips.replaceChildren(...files.map((file) =>
    el("span", { class: "chip" }, file.name, el("button", { type: "button", "aria-label": `Remove ${file.name}`, onclick: () => remove(file) }, "×"))));
  const remove = (file) => {
    files = files.filter((one) => one !== file);
    showFiles();
  };
  const take = (list) => {
    files = [...files, ...list];
    showFiles();
    area.focus();
  };
  const grow = () => {
    area.style.height = "auto";
    area.style.height = `${Math.min(area.scrollHeight, TALLEST)}px`;
  };
  const send = async () => {
    const text = area.value;
    const sent = files;
    if (!text.trim() && !sent.length) return;
    area.value = "";
    files = [];
    showFiles();
    grow();
    try {
      await deliver(text, sent, thread());
    } catch (error) {
      area.value = text;
      files = sent;
      showFiles();
      grow();
      notice(error.message);
    }
  };

  area.addEventListener("input", grow);
  area.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    send();
  });
  area.addEventListener("paste", (event) => {
    if (event.clipboardData?.files.length) {
      event.preventDefault();
      take(event.clipboardData.files);
    }
  });
  attach.addEventListener("click", () => picker.click());
  picker.addEventListener("change", () => {
    take(picker.files);
    picker.value = "";
  });
  sendButton.addEventListener("click", send);
  pane.addEventListener("dragover", (event) => {
    event.preventDefault();
    pane.classList.add("dropping");
  });
  pane.addEventListener("dragleave", () => pane.classList.remove("dropping"));
  pane.addEventListener("drop", (event) => {
    event.preventDefault();
    pane.classList.remove("dropping");
    take(event.dataTransfer.files);
  });
  box.replaceChildren(chips, area, el("footer", {}, attach, picker, ...(inThread ? [] : shortcuts), el("span", { class: "hint" }, "Enter sends, Shift+Enter starts a line"), sendButton));
  return () => {
    area.placeholder = label();
    area.setAttribute("aria-label", label());
  };
}

const use = (id) => act("global_shortcut", { user: store.me, callback_id: id }).then(said, (error) => notice(error.message));

async function deliver(text, files, threadTs) {
  const { me: user, channel } = store;
  const command = /^(\/[\w-]+)(?:\s+([\s\S]*))?$/.exec(text.trim());
  if (command && !files.length) {
    if (threadTs) throw new Error("Slack's slash commands do not work in threads. Mention the app instead.");
    const done = await act("command", { user, channel, command: command[1], text: command[2] ?? "" });
    if (!done.ok && done.error !== "unknown_command") said(done);
    return;
  }
  const stored = await Promise.all(files.map((file) => upload(user, file)));
  const done = await act("post", { user, channel, text, thread_ts: threadTs, files: stored.map((file) => file.id) });
  if (!done.ok) throw new Error(`The message was not sent: ${done.error}`);
}
