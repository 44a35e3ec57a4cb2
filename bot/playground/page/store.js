// What the page knows, and who is looking.

export const store = {
  state: null,
  me: "",
  channel: "",
  tab: "messages",
  thread: "",
  editing: "",
  unread: new Map(),
  plays: new Map(),
};

export const person = (id) => store.state.people.find((one) => one.id === id);
export const personName = (id) => (id === "USLACKBOT" ? "Slackbot" : person(id)?.real_name ?? id);
export const botPerson = (botId) => store.state.people.find((one) => one.profile && one.is_bot && botId.slice(2) === one.id.slice(2));
export const channelById = (id) => store.state.channels.find((one) => one.id === id);
export const isBot = (message) => Boolean(message.bot_id) || message.user === "USLACKBOT";
export const myChannels = () => store.state.channels.filter((one) => (one.is_im ? one.user === store.me : one.is_ext_shared || !isPartner(store.me)));
const isPartner = (id) => person(id).team_id !== store.state.team;

export function author(message) {
  if (message.username) return message.username;
  return message.user ? personName(message.user) : botPerson(message.bot_id ?? "")?.real_name ?? "Bot";
}

// Messages of a channel, with the ones that only this person sees, oldest first.
export function messagesOf(channel) {
  const whispers = (store.state.ephemerals[store.me] ?? []).filter((message) => message.channel === channel);
  return [...store.state.messages[channel], ...whispers].sort((a, b) => Number(a.ts) - Number(b.ts));
}

const isReply = (message) => message.thread_ts && message.thread_ts !== message.ts;
export const topLevel = (channel) =>
  messagesOf(channel).filter((message) => !isReply(message) || message.subtype === "thread_broadcast");
export const repliesOf = (channel, ts) =>
  messagesOf(channel).filter((message) => message.ts === ts || message.thread_ts === ts);

export function remember() {
  sessionStorage.setItem("me", store.me);
  sessionStorage.setItem("channel", store.channel);
  sessionStorage.setItem("plays", JSON.stringify([...store.plays]));
}

export function recall() {
  const ids = store.state.people.filter((one) => !one.is_bot).map((one) => one.id);
  const me = sessionStorage.getItem("me");
  store.me = ids.includes(me) ? me : ids[0];
  const channel = sessionStorage.getItem("channel");
  const mine = myChannels().map((one) => one.id);
  store.channel = mine.includes(channel) ? channel : mine[0];
  const known = new Set(Object.values(store.state.messages).flat().map((message) => message.ts));
  const plays = JSON.parse(sessionStorage.getItem("plays") ?? "[]");
  store.plays = new Map(plays.filter(([ts]) => known.has(ts)));
}

// Takes one change from the stream into the state.
export function absorb(change) {
  const { kind, channel, user, message } = change;
  if (kind === "modals") store.state.modals[user] = change.modals;
  else if (kind === "home") store.state.homes[user] = change.home;
  else if (kind.startsWith("ephemeral")) {
    const list = (store.state.ephemerals[user] ??= []);
    upsert(list, message, kind === "ephemeral_deleted");
  } else {
    upsert(store.state.messages[channel], message, kind === "deleted");
    const elsewhere = channel !== store.channel && message.user !== store.me;
    if (kind === "posted" && elsewhere) store.unread.set(channel, (store.unread.get(channel) ?? 0) + 1);
  }
}

function upsert(list, message, remove) {
  const at = list.findIndex((one) => one.ts === message.ts);
  if (remove) {
    if (at >= 0) list.splice(at, 1);
  } else if (at >= 0) list[at] = message;
  else list.push(message);
}
