// The page: loads the workspace, follows what happens in it, and draws it.

import { act, listen, loadState } from "./api.js";
import { mountComposer } from "./composer.js";
import { byId, el, notice } from "./dom.js";
import { messageNode } from "./message.js";
import { renderHome, renderModal } from "./modal.js";
import { openSamples, renderNextPart } from "./samples.js";
import { absorb, channelById, isBot, myChannels, recall, remember, repliesOf, store, topLevel } from "./store.js";

const GROUPING_SECONDS = 300;
let relabel = [];

let waiting = [];
let everConnected = false;

// The stream opens first and the state is loaded then, so that nothing falls in between; so it goes on reconnection too.
async function connected(open) {
  if (!open) {
    if (everConnected) notice("The playground does not answer. Trying again …");
    return;
  }
  waiting = [];
  let state;
  try {
    state = await loadState();
  } catch (error) {
    notice(error.message);
    return;
  }
  store.state = state;
  if (everConnected) draw();
  else start();
  everConnected = true;
  const missed = waiting;
  waiting = null;
  missed.forEach(changed);
}

function start() {
  recall();
  followLink();
  byId("workspace-name").textContent = store.state.workspace;
  const people = store.state.people.filter((one) => one.id !== store.state.bot.user);
  byId("person").replaceChildren(...people.map((one) => el("option", { value: one.id, selected: one.id === store.me }, one.real_name)));
  wire();
  draw();
  renderModal();
}

function wire() {
  byId("person").addEventListener("change", (event) => become(event.target.value));
  byId("open-samples").addEventListener("click", () => {
    document.body.classList.remove("show-sidebar");
    openSamples(played);
  });
  byId("close-thread").addEventListener("click", () => openThread(""));
  byId("menu").addEventListener("click", () => document.body.classList.toggle("show-sidebar"));
  const name = () => {
    const channel = channelById(store.channel);
    return channel.is_im ? store.state.bot.name : `#${channel.name}`;
  };
  relabel = [
    mountComposer(byId("composer"), byId("conversation"), { label: () => `Message ${name()}`, thread: () => "" }),
    mountComposer(byId("thread-composer"), byId("thread"), { label: () => "Reply in the thread", thread: () => store.thread, inThread: true }),
  ];
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && store.thread && !document.querySelector("dialog[open]") && !store.editing) openThread("");
  });
}

function followLink() {
  const [, , channel, message] = location.pathname.split("/");
  if (!channel || !message || !channelById(channel)) return;
  const ts = `${message.slice(1, -6)}.${message.slice(-6)}`;
  store.channel = channel;
  store.thread = new URLSearchParams(location.search).get("thread_ts") ?? ts;
  history.replaceState(null, "", "/");
}

function changed(change) {
  if (waiting) {
    waiting.push(change);
    return;
  }
  absorb(change);
  if (change.kind === "modals") {
    if (change.user === store.me) renderModal();
  } else draw();
}

function become(id) {
  store.me = id;
  const mine = myChannels();
  if (!mine.some((one) => one.id === store.channel)) {
    const direct = mine.find((one) => one.is_im);
    store.channel = direct?.id ?? mine[0].id;
    store.thread = "";
    if (!direct) store.tab = "messages";
  }
  store.editing = "";
  remember();
  if (store.tab === "home") openTab("home");
  else draw();
  renderModal();
}

function openChannel(id) {
  Object.assign(store, { channel: id, thread: "", tab: "messages", editing: "" });
  store.unread.delete(id);
  document.body.classList.remove("show-sidebar");
  remember();
  draw({ toEnd: true });
  byId("composer").querySelector("textarea").focus();
}

function openThread(ts) {
  store.thread = ts;
  draw();
  if (ts) byId("thread-composer").querySelector("textarea").focus();
}

function openTab(tab) {
  store.tab = tab;
  act("home", { user: store.me, tab }).catch((error) => notice(error.message));
  draw();
}

function played(channel, ts) {
  Object.assign(store, { channel, thread: ts, tab: "messages" });
  draw({ toEnd: true });
}

function draw({ toEnd = false } = {}) {
  drawSidebar();
  drawTop();
  const home = store.tab === "home";
  byId("home").hidden = !home;
  byId("messages").hidden = byId("composer").hidden = home;
  drawThread();
  if (home) renderHome(byId("home"));
  else drawList(byId("messages"), topLevel(store.channel), false, toEnd);
  for (const update of relabel) update();
}

function drawSidebar() {
  const entry = (channel) => {
    const unread = store.unread.get(channel.id) ?? 0;
    const label = channel.is_im ? store.state.bot.name : `# ${channel.name}`;
    const classes = [channel.id === store.channel && "current", unread && "unread"].filter(Boolean).join(" ");
    return el("button", { type: "button", class: classes, "aria-current": channel.id === store.channel ? "page" : null, onclick: () => openChannel(channel.id) },
      el("span", {}, label), unread > 0 && el("span", { class: "count" }, String(unread)));
  };
  const mine = myChannels();
  byId("channels").replaceChildren(
    el("h2", {}, "Channels"), ...mine.filter((one) => !one.is_im).map(entry),
    el("h2", {}, "Apps"), ...mine.filter((one) => one.is_im).map(entry));
}

function drawTop() {
  const channel = channelById(store.channel);
  byId("channel-name").textContent = channel.is_im ? store.state.bot.name : `# ${channel.name}`;
  const tab = (id, label) =>
    el("button", { type: "button", role: "tab", "aria-selected": String(store.tab === id), onclick: () => openTab(id) }, label);
  byId("tabs").replaceChildren(...(channel.is_im ? [tab("home", "Home"), tab("messages", "Messages")] : []));
}

function drawThread() {
  const replies = store.thread ? repliesOf(store.channel, store.thread) : [];
  byId("thread").hidden = !replies.length;
  document.body.classList.toggle("with-thread", replies.length > 0);
  if (!replies.length) return;
  drawList(byId("replies"), replies, true, false);
  renderNextPart(byId("next-part"));
}

const placed = new WeakMap(); // list -> where it was scrolled to

function drawList(box, messages, inThread, toEnd) {
  // Somebody who has not moved since the last answer was put before them follows the thread.
  const following = placed.get(box) === box.scrollTop;
  const atEnd = toEnd || following || box.scrollHeight - box.scrollTop - box.clientHeight < 80;
  const shown = messages.filter((message) => inThread || !message.is_ephemeral || !message.thread_ts);
  const nodes = shown.map((message, index) => {
    const before = shown[index - 1];
    const follows = Boolean(before) && !before.is_ephemeral && !message.is_ephemeral && !before.reply_count
      && before.user === message.user && isBot(before) === isBot(message) && Number(message.ts) - Number(before.ts) < GROUPING_SECONDS;
    return messageNode(message, { channel: store.channel, inThread, follows, openThread, redraw: () => draw() });
  });
  const empty = el("div", { class: "empty" }, el("b", {}, "Nothing here yet."),
    el("p", {}, "Paste an Exchange mail-flow error below, drop a log file here, or play one of the sample incidents."));
  box.replaceChildren(...(nodes.length ? nodes : [empty]));
  if (!atEnd) return;
  box.scrollTop = box.scrollHeight;
  const last = box.lastElementChild; // of an answer taller than the pane, the beginning is what people want to see
  if (inThread && last && last.offsetHeight > box.clientHeight) box.scrollTop = last.offsetTop - box.offsetTop;
  placed.set(box, box.scrollTop);
}

listen(changed, connected);
