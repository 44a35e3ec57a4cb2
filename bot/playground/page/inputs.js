// The input blocks of a modal. A `form` collects a reader for each action id, and keeps what was entered.

import { el } from "./dom.js";
import { choicesNode, chosenIn, menuNode } from "./elements.js";

export function inputBlock(block, form) {
  const { element } = block;
  const id = `input-${block.block_id}`;
  const node = control(element, form);
  (node.matches("input, textarea, select") ? node : node.querySelector("input"))?.setAttribute("id", id);
  form.required.set(element.action_id, { block: block.block_id, optional: Boolean(block.optional) });
  return [
    el("label", { class: "input-label", htmlFor: id }, block.label.text, block.optional && el("span", { class: "hint" }, " (optional)")),
    node,
    form.errors?.[block.block_id] && el("p", { class: "error", role: "alert" }, form.errors[block.block_id]),
    block.hint && el("p", { class: "hint" }, block.hint.text),
  ];
}

function control(element, form) {
  const kept = form.kept.get(element.action_id);
  if (element.type === "file_input") return fileControl(element, form);
  if (element.type.endsWith("_select")) {
    const node = menuNode(element);
    if (kept !== undefined) for (const option of node.options) option.selected = [kept].flat().includes(option.value);
    form.readers.set(element.action_id, () => chosenIn(node));
    return node;
  }
  if (element.type === "checkboxes" || element.type === "radio_buttons") {
    const node = choicesNode(element);
    if (kept) for (const input of node.querySelectorAll("input")) input.checked = [kept].flat().includes(input.value);
    form.readers.set(element.action_id, () => node.chosen());
    return node;
  }
  const node = typedControl(element);
  node.value = kept ?? element.initial_value ?? element.initial_date ?? element.initial_time ?? "";
  form.readers.set(element.action_id, () => node.value || null);
  return node;
}

function typedControl(element) {
  const props = { placeholder: element.placeholder?.text ?? "", class: "typed" };
  if (element.multiline) return el("textarea", { ...props, rows: 7, maxLength: element.max_length ?? 3000 });
  const types = { datepicker: "date", timepicker: "time", number_input: "number", email_text_input: "email", url_text_input: "url" };
  return el("input", { ...props, type: types[element.type] ?? "text", maxLength: element.max_length ?? 3000 });
}

function fileControl(element, form) {
  const kept = form.keptFiles.get(element.action_id);
  if (kept) { // a picker can't be filled in by a page: the one that holds the files stays
    form.files.set(element.action_id, kept);
    return kept;
  }
  const accept = (element.filetypes ?? []).map((type) => `.${type}`).join(",");
  const node = el("input", { type: "file", class: "file", accept, multiple: (element.max_files ?? 10) > 1 });
  form.files.set(element.action_id, node);
  return node;
}
