// Modals (views.open and friends) and the App Home tab.

import { act, upload } from "./api.js";
import { renderBlocks } from "./blocks.js";
import { byId, el, notice } from "./dom.js";
import { store } from "./store.js";

let form = null;

export function renderModal() {
  const dialog = byId("modal");
  const stack = store.state.modals[store.me] ?? [];
  const view = stack.at(-1);
  if (!view) {
    form = null;
    if (dialog.open) dialog.close();
    return;
  }
  const kept = form?.id === view.id ? values() : new Map();
  const keptFiles = form?.id === view.id ? form.files : new Map();
  form = { id: view.id, kept, keptFiles, readers: new Map(), files: new Map(), required: new Map(), errors: view.errors };
  const body = renderBlocks(view.blocks, view.id, (element, chosen) => use(view, element, chosen), form);
  dialog.replaceChildren(
    el("form", { onsubmit: (event) => submit(event, view), noValidate: true },
      el("header", {}, el("h2", {}, view.title.text), el("button", { type: "button", class: "icon", "aria-label": "Close", onclick: dismiss }, "×")),
      el("div", { class: "modal-body" }, ...body, view.errors?.[""] && el("p", { class: "error", role: "alert" }, view.errors[""])),
      el("footer", {},
        el("button", { type: "button", class: "button", onclick: dismiss }, view.close?.text ?? "Cancel"),
        view.submit && el("button", { type: "submit", class: "button primary" }, view.submit.text))),
  );
  dialog.oncancel = (event) => {
    event.preventDefault();
    dismiss();
  };
  if (dialog.open) return;
  dialog.showModal();
  dialog.querySelector(".modal-body :is(input, textarea, select)")?.focus();
}

export function renderHome(box) {
  const view = store.state.homes[store.me];
  if (!view) {
    box.replaceChildren(el("p", { class: "empty" }, "The app has not published its Home tab for you yet."));
    return;
  }
  box.replaceChildren(...renderBlocks(view.blocks, view.id, (element, chosen) => use(view, element, chosen)));
}

const values = () => new Map([...form.readers].map(([id, read]) => [id, read()]));

function use(view, element, chosen) {
  const entered = view.type === "modal" ? Object.fromEntries(values()) : {};
  const body = { user: store.me, view_id: view.id, action_id: element.action_id, chosen, values: entered };
  act("click", body).then(failed, (error) => notice(error.message));
}

const failed = (done) => {
  if (done.ok && done.acknowledged === false) notice("The app did not answer. Is it running?");
};

async function submit(event, view) {
  event.preventDefault();
  const entered = Object.fromEntries(values());
  for (const [id, input] of form.files) {
    const stored = await Promise.all([...input.files].map((file) => upload(store.me, file)));
    entered[id] = stored.map((file) => file.id);
  }
  const missing = [...form.required].filter(([id, rule]) => !rule.optional && empty(entered[id]));
  if (missing.length) {
    const errors = missing.map(([, rule]) => [rule.block, "Please complete this required field."]);
    view.errors = Object.fromEntries(errors);
    renderModal();
    return;
  }
  await act("submit", { user: store.me, view_id: view.id, values: entered });
}

const empty = (value) => value === null || value === undefined || value.length === 0;

const dismiss = () => act("close", { user: store.me });
