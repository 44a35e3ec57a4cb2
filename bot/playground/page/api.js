// The page's road to the playground. The token proves that this page, and no other website, is asking.

const token = document.querySelector('meta[name="playground-token"]').content;
const headers = { "X-Playground-Token": token };

async function answer(response) {
  if (response.ok) return response.json();
  throw new Error((await response.text()) || `The playground answered ${response.status}.`);
}

export const loadState = () => fetch("/client/state", { headers }).then(answer);

export function act(action, body) {
  const options = { method: "POST", headers: { ...headers, "Content-Type": "application/json" } };
  return fetch(`/client/do/${action}`, { ...options, body: JSON.stringify(body) }).then(answer);
}

export function upload(user, file) {
  const query = new URLSearchParams({ user, name: file.name });
  return fetch(`/client/upload?${query}`, { method: "POST", headers, body: file }).then(answer);
}

export async function readFile(id) {
  const response = await fetch(`/client/files/${encodeURIComponent(id)}`, { headers });
  if (!response.ok) throw new Error("This file is gone.");
  return response.blob();
}

export function listen(onChange, onState) {
  const stream = new EventSource(`/client/stream?${new URLSearchParams({ token })}`);
  stream.addEventListener("message", (event) => onChange(JSON.parse(event.data)));
  stream.addEventListener("open", () => onState(true));
  stream.addEventListener("error", () => onState(false));
}
