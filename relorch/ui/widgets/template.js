// The form of a step template. Every message carries what is on the screen, and the token of the form it stands in: so
// what is typed or pressed can only ever be about the template whose name is above it.

const REST_MS = 250;
const WORDS = {
  name: "Name", type: "Type", required: "Required: it cannot be skipped", description: "Description",
  content: "Content", place: "Position",
};
const FIELDS = ["name", "type", "required", "description", "content", "place"];
const TYPES = ["bash", "sql", "text"];

/** A labelled field; the label stands above it, or behind a box that is ticked. */
function labelled(word, field, kind = "") {
  const name = el("span", {}, word);
  return el("label", { class: `ro-label ${kind}` }, ...(kind === "ro-tick" ? [field, name] : [name, field]));
}

/** A text area over its own coloured copy: what is typed is seen at once, its colours follow when the hand rests. */
class CodeField {
  constructor(onInput) {
    this.under = el("pre", { class: "ro-under", "aria-hidden": "true" });
    this.field = el("textarea", {
      class: "ro-over", "aria-label": WORDS.content, spellcheck: "false", wrap: "off", autocomplete: "off", rows: "9",
    });
    this.node = el("div", { class: "ro-code-field" }, this.under, this.field);
    this.lines = [];
    this.known = new Map();
    this.field.addEventListener("input", () => {
      this.draw();
      onInput();
    });
    this.field.addEventListener("scroll", () => this.follow());
  }
  set(text) {
    this.field.value = text;
    this.known.clear();
    this.draw();
    this.field.rows = Math.min(22, Math.max(9, this.lines.length + 1));
    this.field.scrollTop = this.field.scrollLeft = 0;
    this.follow();
  }
  follow() {
    this.under.scrollTop = this.field.scrollTop;
    this.under.scrollLeft = this.field.scrollLeft;
  }
  /** Rewrite the lines that differ from what is drawn. */
  draw() {
    const wanted = this.field.value.split("\n");
    const before = this.lines;
    let from = 0;
    while (from < wanted.length && from < before.length && wanted[from] === before[from]) from++;
    let same = 0;
    while (same < Math.min(wanted.length, before.length) - from && wanted.at(-1 - same) === before.at(-1 - same)) same++;
    const old = [...this.under.children].slice(from, before.length - same);
    const next = this.under.children[before.length - same] ?? null;
    old.forEach((node) => node.remove());
    for (const line of wanted.slice(from, wanted.length - same)) this.under.insertBefore(this.line(line), next);
    this.lines = wanted;
    this.follow();
  }
  line(text) {
    const pieces = this.known.get(text) ?? [["", text]];
    return el("span", {}, ...pieces.map(([kind, piece]) => el("i", { class: kind }, piece)), "\n");
  }
  /** Colour what is drawn: `lines` of pieces, each a token class and its text. */
  colour(lines) {
    for (const pieces of lines) this.known.set(pieces.map((piece) => piece[1]).join(""), pieces);
    this.lines.forEach((text, at) => {
      if (this.known.has(text)) this.under.children[at].replaceWith(this.line(text));
    });
  }
}

class TemplateForm {
  constructor(model, root) {
    this.model = model;
    this.token = 0;
    this.sent = "";
    this.said = 0; // so many messages were sent; a form says how many of them were heard before it was drawn
    this.build(root);
    const show = () => this.show();
    const hear = (message) => message?.type === "colours" && message.token === this.token && this.code.colour(message.lines);
    model.on("change:form", show);
    model.on("msg:custom", hear);
    this.close = () => {
      this.flush();
      model.off("change:form", show);
      model.off("msg:custom", hear);
    };
    this.show();
  }
  build(root) {
    const typed = () => this.typedSoon();
    const option = (value) => el("option", { value }, value);
    this.title = el("h2", {});
    this.chip = el("span", { class: "ro-chip" });
    this.unsaved = el("span", { class: "ro-chip ro-warn" }, "not saved");
    this.gone = el("p", { class: "ro-gone", role: "alert" });
    this.fields = {
      name: el("input", { type: "text", autocomplete: "off" }),
      type: el("select", {}, ...TYPES.map(option)),
      required: el("input", { type: "checkbox" }),
      description: el("textarea", { rows: "2" }),
      place: el("select", {}),
    };
    for (const field of Object.values(this.fields)) field.addEventListener("input", typed);
    this.code = new CodeField(typed);
    this.fields.content = this.code.field;
    this.place = labelled(WORDS.place, this.fields.place);
    this.buttons = {
      save: el("button", { type: "button", class: "ro-button ro-primary", onclick: () => this.press("save") }),
      drop: el("button", { type: "button", class: "ro-button", onclick: () => this.press("drop") }),
      away: el("button", { type: "button", class: "ro-button", onclick: () => this.press("away") }),
    };
    this.row = el("div", { class: "ro-buttons" }, ...Object.values(this.buttons));
    const code = el("div", { class: "ro-label" }, el("span", { "aria-hidden": "true" }, WORDS.content), this.code.node);
    this.node = el("form", { class: "ro-template" },
      el("header", {}, this.title, this.chip, this.unsaved), this.gone,
      labelled(WORDS.name, this.fields.name),
      el("div", { class: "ro-row" }, labelled(WORDS.type, this.fields.type, "ro-short"),
        labelled(WORDS.required, this.fields.required, "ro-tick"), this.place),
      labelled(WORDS.description, this.fields.description), code, this.row);
    this.node.addEventListener("submit", (event) => event.preventDefault());
    this.node.addEventListener("focusout", () => this.flush());
    this.node.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !event.repeat) this.press("save");
    });
    root.append(this.node);
  }
  show() {
    const form = this.model.get("form");
    if (!form?.token || form.token === this.shown) return;
    this.shown = form.token;
    this.flush(form.key !== this.key);
    // what is being typed stays, with the token of the form it began in: it says which text it was written over
    const unheard = this.said > form.heard;
    const typing = form.key === this.key && (unheard || JSON.stringify(this.values()) !== this.sent);
    if (!typing) this.token = form.token;
    const isAsked = this.key !== undefined && form.key !== this.key && form.places.length > 0;
    this.key = form.key;
    this.title.textContent = form.title;
    this.chip.textContent = form.chip;
    this.chip.hidden = !form.chip;
    this.gone.textContent = form.gone;
    this.gone.hidden = !form.gone;
    this.fields.place.replaceChildren(...form.places.map((place) => el("option", { value: place.value }, place.label)));
    this.place.hidden = !form.places.length;
    if (typing) this.typedSoon();
    else this.fill(form.values);
    for (const field of Object.values(this.fields)) field.disabled = form.fixed;
    for (const [what, button] of Object.entries(this.buttons)) {
      button.textContent = form.labels[what] ?? "";
      button.hidden = !form.labels[what];
    }
    this.row.hidden = form.fixed || Boolean(form.gone);
    this.stored = form.stored;
    this.mark();
    this.code.colour(form.lines);
    if (isAsked) this.fields.name.focus({ preventScroll: true }); // what is typed next is its name
  }
  fill(values) {
    for (const name of ["name", "type", "description", "place"]) this.fields[name].value = values[name] ?? "";
    this.fields.required.checked = Boolean(values.required);
    this.code.set(values.content);
    this.sent = JSON.stringify(this.values());
  }
  values() {
    const value = (name) => (name === "required" ? this.fields.required.checked : this.fields[name].value);
    return Object.fromEntries(FIELDS.map((name) => [name, value(name)]));
  }
  mark() {
    const now = this.values();
    this.unsaved.hidden = !this.stored || Object.keys(this.stored).every((name) => this.stored[name] === now[name]);
  }
  typedSoon() {
    this.mark();
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.flush(), REST_MS);
  }
  /** Tell what is typed, if that was not told yet. */
  flush(now = true) {
    if (!now) return;
    clearTimeout(this.timer);
    if (!this.token) return;
    const values = this.values();
    const text = JSON.stringify(values);
    if (text === this.sent) return;
    this.sent = text;
    this.model.send({ type: "typed", token: this.token, number: ++this.said, values });
  }
  press(what) {
    clearTimeout(this.timer);
    if (this.buttons[what].hidden || this.row.hidden) return;
    const values = this.values();
    this.sent = JSON.stringify(values);
    this.model.send({ type: "press", what, token: this.token, number: ++this.said, values });
  }
}

export default {
  /** Draw the form into `root`; gives back what takes it away again. */
  render({ model, el: root }) {
    const form = new TemplateForm(model, root);
    return () => form.close();
  },
};
