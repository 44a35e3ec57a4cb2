// Sample incidents: read one, then play it message by message.

import { act } from "./api.js";
import { byId, el, notice } from "./dom.js";
import { remember, store } from "./store.js";

let chosen = "";

export function openSamples(onPlayed) {
  const dialog = byId("samples");
  chosen ||= store.state.samples[0]?.id ?? "";
  draw(dialog, onPlayed);
  dialog.showModal();
}

function draw(dialog, onPlayed) {
  const sample = store.state.samples.find((one) => one.id === chosen);
  const pick = (id) => () => {
    chosen = id;
    draw(dialog, onPlayed);
  };
  const list = store.state.samples.map((one) =>
    el("button", { type: "button", class: one.id === chosen ? "chosen" : "", onclick: pick(one.id) },
      el("b", {}, one.title), el("span", {}, one.parts.length === 1 ? "1 message" : `${one.parts.length} messages`)));
  const parts = sample.parts.map((part, index) =>
    el("section", {}, el("h3", {}, sample.parts.length > 1 ? `${index + 1}. ${part.heading}` : part.heading), el("pre", {}, part.text)));
  const paste = el("button", { type: "button", class: "button primary", onclick: () => start(sample, dialog, onPlayed) }, "Paste into #exchange");
  dialog.replaceChildren(
    el("header", {}, el("h2", {}, "Sample incidents"), el("button", { type: "button", class: "icon", "aria-label": "Close", onclick: () => dialog.close() }, "×")),
    el("div", { class: "sample-list" }, ...list),
    el("div", { class: "sample-text", tabIndex: 0 }, el("p", {}, sample.about), ...parts),
    el("footer", {}, sample.parts.length > 1 && el("span", { class: "hint" }, "The next messages are then offered in the thread."), paste),
  );
}

async function start(sample, dialog, onPlayed) {
  const channel = store.state.channels.find((one) => one.name === "exchange").id;
  const done = await act("post", { user: store.me, channel, text: sample.parts[0].text });
  dialog.close();
  if (!done.ok) {
    notice(`The message was not sent: ${done.error}`);
    return;
  }
  store.plays.set(done.ts, { sample: sample.id, next: 1 });
  remember();
  onPlayed(channel, done.ts);
}

// The strip above the thread's composer that offers what comes next.
export function renderNextPart(box) {
  const play = store.plays.get(store.thread);
  const sample = play && store.state.samples.find((one) => one.id === play.sample);
  const part = sample?.parts[play.next];
  if (!part) {
    box.replaceChildren();
    return;
  }
  const paste = async (event) => {
    event.target.disabled = true;
    const done = await act("post", { user: store.me, channel: store.channel, text: part.text, thread_ts: store.thread });
    if (!done.ok) notice(`The message was not sent: ${done.error}`);
    else play.next += 1;
    remember();
    renderNextPart(box);
  };
  box.replaceChildren(el("div", { class: "next" },
    el("span", {}, `Next, ${play.next + 1} of ${sample.parts.length}: `, el("b", {}, part.heading)),
    el("button", { type: "button", class: "button primary", onclick: paste }, "Paste it")));
}
