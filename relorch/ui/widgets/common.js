// Put in front of each widget's own module by its Python class: what every widget draws alike.

/** Status codes as the cells carry them; the order is that of relorch.model.Status. */
const STATUS = ["pending", "in_progress", "done", "skipped", "failed", "reverted"];

/** The words on the screen. */
const STATUS_LABEL = {
  pending: "pending",
  in_progress: "in progress",
  done: "done",
  skipped: "skipped",
  failed: "failed",
  reverted: "reverted",
};

/** One shape per status, so that colour is never the only sign. Paths on a 16 × 16 grid, drawn as strokes. */
const STATUS_SHAPE = {
  pending: "M8 2.5a5.5 5.5 0 1 0 0 11a5.5 5.5 0 1 0 0-11z",
  in_progress: "M8 2.5a5.5 5.5 0 1 0 0 11a5.5 5.5 0 1 0 0-11zM8 5v3.2l2.2 1.6",
  done: "M3 8.5l3.4 3.4L13 5",
  skipped: "M3 4l4 4l-4 4M9 4l4 4l-4 4",
  failed: "M4 4l8 8M12 4l-8 8",
  reverted: "M6 3L3 6l3 3M3 6h6a4 4 0 0 1 0 8H6",
};

const SVG = "http://www.w3.org/2000/svg";

/** An element with properties and children; text always goes in as text, never as markup. */
function el(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [key, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (key === "class") node.className = value;
    else if (key === "dataset") Object.assign(node.dataset, value);
    else node.setAttribute(key, value === true ? "" : String(value));
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

/** The shape of a status as an SVG that screen readers pass over: the word stands beside it or in its label. */
function statusIcon(status) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("class", `ro-icon ro-icon-${status}`);
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", STATUS_SHAPE[status]);
  svg.append(path);
  return svg;
}

/** Fields that take letters themselves; a checkbox or a radio does not, so the keys of the page work there. */
const LETTER_FIELDS = "select, textarea, input:not([type=checkbox], [type=radio])";

/** A key that writes, except for a space. */
const LETTER = /^\S$/u;

/** A key that writes something, or takes it back. */
const TYPED_KEY = /^(.|Backspace|Enter)$/u;

/** `text` after one more key was typed; Enter is left for when the field is open. */
function typedOn(text, key) {
  if (key === "Backspace") return [...text].slice(0, -1).join("");
  return key === "Enter" ? text : text + key;
}

/** Widgets of one page talk over the window, on the channel their Python side gave them. */
function channel(name) {
  const type = `relorch:${name}`;
  return {
    say: (message) => window.dispatchEvent(new CustomEvent(type, { detail: message })),
    hear(handler) {
      const listener = (event) => handler(event.detail);
      window.addEventListener(type, listener);
      return () => window.removeEventListener(type, listener);
    },
  };
}
