// Buttons, menus and images of Block Kit.

import { byId, el } from "./dom.js";
import { textNodes } from "./blocks.js";
import { channelById, personName, store } from "./store.js";

export function elementNode(element, use) {
  const act = async (chosen) => {
    if (!element.confirm || (await confirmed(element.confirm))) use(element, chosen);
  };
  if (element.type === "button") return buttonNode(element, act);
  if (element.type === "image") return imageNode(element, "accessory-image");
  if (element.type === "overflow") return overflowNode(element, act);
  if (element.type === "checkboxes" || element.type === "radio_buttons") return choicesNode(element, act);
  if (element.type === "datepicker" || element.type === "timepicker") {
    const type = element.type === "datepicker" ? "date" : "time";
    return el("input", { type, "aria-label": type, onchange: (event) => act(event.target.value) });
  }
  return menuNode(element, (node) => act(chosenIn(node)));
}

function buttonNode(element, act) {
  const style = element.style ? `button ${element.style}` : "button";
  const label = element.accessibility_label;
  const node = el("button", { type: "button", class: style, "aria-label": label, onclick: () => act() });
  node.append(...textNodes(element.text));
  if (element.url && /^https?:/i.test(element.url)) {
    node.addEventListener("click", () => window.open(element.url, "_blank", "noopener"));
  }
  return node;
}

function overflowNode(element, act) {
  const node = el("select", { class: "overflow", "aria-label": "More" }, el("option", { value: "" }, "⋯"));
  node.append(...element.options.map((option) => el("option", { value: option.value }, option.text.text)));
  node.addEventListener("change", () => {
    if (node.value) act(node.value);
    node.value = "";
  });
  return node;
}

export function optionsOf(element) {
  if (element.type === "users_select") {
    return store.state.people.map((one) => ({ value: one.id, text: { text: personName(one.id) } }));
  }
  if (element.type === "conversations_select" || element.type === "channels_select") {
    const channels = store.state.channels.filter((one) => !one.is_im);
    return channels.map((one) => ({ value: one.id, text: { text: `#${one.name}` } }));
  }
  return element.options ?? [];
}

function firstOf(element) {
  const chosen = [element.initial_option, ...(element.initial_options ?? [])].filter(Boolean).map((one) => one.value);
  const named = element.initial_conversation ?? element.initial_channel ?? element.initial_user;
  const current = element.default_to_current_conversation && !channelById(store.channel).is_im ? store.channel : null;
  return [...chosen, named ?? current].filter(Boolean);
}

export function menuNode(element, onchange) {
  const multiple = element.type.startsWith("multi_");
  const label = element.placeholder?.text ?? "Choose";
  const node = el("select", { "aria-label": label, multiple, onchange: () => onchange?.(node) });
  if (!multiple) node.append(el("option", { value: "" }, element.placeholder?.text ?? "Choose an option"));
  const first = firstOf(element);
  const optionNodes = (options) =>
    options.map((one) => el("option", { value: one.value, selected: first.includes(one.value) }, one.text.text));
  node.append(...optionNodes(optionsOf(element)));
  for (const group of element.option_groups ?? []) {
    node.append(el("optgroup", { label: group.label.text }, ...optionNodes(group.options)));
  }
  return node;
}

export const chosenIn = (node) =>
  node.multiple ? [...node.selectedOptions].map((option) => option.value) : node.value || null;

export function choicesNode(element, onchange) {
  const many = element.type === "checkboxes";
  const first = [element.initial_option, ...(element.initial_options ?? [])].filter(Boolean).map((one) => one.value);
  const name = `choice-${element.action_id}`;
  const box = el("div", { class: "choices" });
  const chosen = () => {
    const values = [...box.querySelectorAll("input:checked")].map((input) => input.value);
    return many ? values : values[0] ?? null;
  };
  for (const option of element.options) {
    const input = el("input", { type: many ? "checkbox" : "radio", name, value: option.value });
    input.checked = first.includes(option.value);
    input.addEventListener("change", () => onchange?.(chosen()));
    box.append(el("label", {}, input, el("span", {}, ...textNodes(option.text))));
  }
  box.chosen = chosen;
  return box;
}

// Nothing is loaded from elsewhere: an image is shown as its description, with a link to where it lies.
export function imageNode(item, kind) {
  return el("span", { class: `picture ${kind}`, role: "img", "aria-label": item.alt_text, title: item.image_url ?? "" }, item.alt_text);
}

function confirmed(confirm) {
  const dialog = byId("confirm");
  return new Promise((resolve) => {
    const close = (answer) => () => {
      dialog.onclose = null;
      dialog.close();
      resolve(answer);
    };
    const yes = confirm.style === "danger" ? "button danger" : "button primary";
    dialog.replaceChildren(
      el("h2", {}, confirm.title.text),
      el("div", { class: "text" }, ...textNodes(confirm.text)),
      el("footer", {},
        el("button", { type: "button", class: "button", onclick: close(false) }, confirm.deny?.text ?? "Cancel"),
        el("button", { type: "button", class: yes, onclick: close(true) }, confirm.confirm?.text ?? "Confirm")),
    );
    dialog.onclose = () => resolve(false);
    dialog.showModal();
  });
}
