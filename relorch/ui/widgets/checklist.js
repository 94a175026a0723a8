// The checklist: the cards of one customer (or of one step across all customers), and the walk from card to card.
// The open card's text and verbs are in the step panel beside it; both talk over the channel.
// One file, because a widget is one module: words, the top, the cards, then the walk with its keys and messages.

/** All the words on the screen. */
const SAY = {
  list: { customer: "Steps of this customer", step: "Customers of this step" },
  release: "Release",
  customer: "Customer",
  step: "Step",
  previous: ["Previous", { customer: "Previous customer", step: "Previous step" }],
  following: ["Next", { customer: "Next customer", step: "Next step" }],
  walk: "Next goes along",
  walkCustomer: "this customer",
  walkStep: "this step",
  noStepWalk: "A custom step belongs to one customer: there is nobody else to go on to.",
  auto: "Go on by itself",
  coming: "Next",
  nothing: "Nothing is next here.",
  closed: (closed, total) => `${closed.toLocaleString("en")} of ${total.toLocaleString("en")} closed`,
  counts: (counts) => STATUS.filter((one) => counts[one]).map((one) => `${counts[one]} ${STATUS_LABEL[one]}`).join(", "),
  noCards: "There are no steps here.",
  required: "required",
  retired: "retired",
  paired: "with its verify step",
  held: "on hold",
  type: { bash: "bash", sql: "SQL", text: "text" },
  done: { done: "Done", skipped: "Skipped" },
  movedOn: (was, name, now) => `${was}: ${name}. Now: ${now}.`,
  backToIt: "Back to it",
  stayed: "Stored. You are typing, so the checklist stays here; press j for the next step.",
  noAnswer: "No answer yet. If the server was restarted, open the address it printed.",
  look: (label) => `The checklist has just gone on, so “${label}” was not done. Look at the step, then press again.`,
  keys: "Keys",
  keyList: [
    ["↑ ↓", "the card above, below"], ["← →", "previous, next customer (or step)"], ["Home End", "first, last card"],
    ["Enter", "into the open card"], ["Esc", "back to the cards"], ["j", "next open step"], ["d", "mark done"], ["c", "copy"],
    ["b", "start"], ["s f r o", "skip, fail, revert, reopen"], ["n", "note"], ["a e", "add, edit a step"],
    ["w", "other walk"], ["g", "go on by itself, or not"],
  ],
};
const MARKS = [
  [1, "overridden"], [2, "custom"], [4, "noted"], [8, "template moved on"], [16, "out of order"],
  [32, "in progress by somebody else"],
];
const VERB_KEYS = {
  d: "mark_done", s: "skip", f: "fail", r: "revert", o: "reopen", b: "start", c: "copy", n: "note", a: "add", e: "edit",
};
/** After these the operator types. */
const TYPED_VERBS = ["skip", "fail", "revert", "reopen", "note", "add", "edit"];
const MOVES = ["ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight", "Home", "End", "PageUp", "PageDown", "j"];
const CLOSED = ["done", "skipped"];
const KEYS_AHEAD = 8;
/** Milliseconds: until the address is written, until what is next is asked for, until there is no answer, and how
    long a verb's key is refused after the checklist went on by itself. */
const AFTER = { address: 300, rest: 150, noAnswer: 10_000, advance: 500, goto: 3_000 };

// ---------------------------------------------------------------- the top

function write(node, text) {
  if (node.textContent !== (text ?? "")) node.textContent = text ?? "";
  node.hidden = !text;
}

/** A native select with its label; `groups` are [label, [[value, text]]]. A browser finds an entry of it by typing. */
function picker(label, onpick) {
  const select = el("select", { class: "ro-select", "aria-label": label });
  select.addEventListener("change", () => onpick(Number(select.value)));
  const word = el("span", { class: "ro-small", "aria-hidden": "true" }, label);
  const node = el("div", { class: "ro-picker" }, word, select);
  let drawn = "";
  const show = (groups, value) => {
    const key = JSON.stringify(groups);
    if (key !== drawn) {
      drawn = key;
      const option = ([id, text]) => el("option", { value: id }, text);
      select.replaceChildren(...groups.map(([name, entries]) =>
        name ? el("optgroup", { label: name }, ...entries.map(option)) : entries.map(option)).flat());
    }
    select.value = String(value);
  };
  const relabel = (text) => {
    write(word, text);
    select.setAttribute("aria-label", text);
  };
  return { node, select, show, relabel };
}

function grouped(entries, groupOf, textOf) {
  const groups = new Map();
  for (const entry of entries) {
    if (!groups.has(groupOf(entry))) groups.set(groupOf(entry), []);
    groups.get(groupOf(entry)).push([entry.id, textOf(entry)]);
  }
  return [...groups];
}

/** A button with an arrow; what it is called in full depends on the walk. */
function arrowButton(sign, [word, names], onclick) {
  const arrow = el("span", { "aria-hidden": "true" }, sign);
  const text = el("span", { class: "ro-word" }, word);
  const node = el("button", { type: "button", class: "ro-button", onclick }, ...(sign === "‹" ? [arrow, text] : [text, arrow]));
  node.relabel = (walk) => {
    node.setAttribute("aria-label", names[walk]);
    node.title = names[walk];
  };
  return node;
}

/** Counts per status of the cards that count: those of customers on hold are counted apart. */
function tally(cards) {
  const counts = Object.fromEntries(STATUS.map((status) => [status, 0]));
  for (const card of cards) if (!card.held) counts[card.status] += 1;
  return counts;
}

function meter() {
  const bar = el("div", { class: "ro-bar", role: "img" });
  const word = el("span", { class: "ro-closed" });
  const node = el("div", { class: "ro-count" }, bar, word);
  const show = (cards) => {
    const counts = tally(cards);
    const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
    const closed = counts.done + counts.skipped;
    node.hidden = total === 0;
    bar.setAttribute("aria-label", SAY.counts(counts) || SAY.noCards);
    bar.title = SAY.counts(counts);
    bar.replaceChildren(...["done", "skipped", "in_progress", "failed", "reverted"].filter((one) => counts[one]).map((one) => {
      const part = el("i", { class: `ro-fill-${one}` });
      part.style.width = `${(100 * counts[one]) / total}%`;
      return part;
    }));
    write(word, total ? `${Math.floor((100 * closed) / total)} % · ${SAY.closed(closed, total)}` : "");
  };
  return { node, show };
}

function radio(name, value, label, onpick) {
  const input = el("input", { type: "radio", name, value });
  input.addEventListener("change", () => input.checked && onpick(value));
  return { input, node: el("label", { class: "ro-choice" }, input, el("span", {}, label)) };
}

/** What is shown and where one can go. `on` has `release(id)`, `place(id)`, `aside(delta)`, `walk(walk)`,
    `auto(on)`, `offer()`, `back()`. */
class Top {
  constructor(on) {
    this.release = picker(SAY.release, (release) => on.release(release));
    this.other = picker(SAY.customer, (id) => on.place(id));
    this.previous = arrowButton("‹", SAY.previous, () => on.aside(-1));
    this.following = arrowButton("›", SAY.following, () => on.aside(1));
    this.where = el("h2", { class: "ro-where" });
    this.beside = el("p", { class: "ro-beside" });
    this.meter = meter();
    this.customerWalk = radio("ro-walk", "customer", SAY.walkCustomer, (walk) => on.walk(walk));
    this.stepWalk = radio("ro-walk", "step", SAY.walkStep, (walk) => on.walk(walk));
    this.auto = el("input", { type: "checkbox" });
    this.auto.addEventListener("change", () => on.auto(this.auto.checked));
    this.coming = el("span", { class: "ro-coming-text" });
    this.offer = el("button", { type: "button", class: "ro-button ro-offer", hidden: true, onclick: () => on.offer() });
    this.banner = el("p", { class: "ro-banner", role: "note", hidden: true });
    this.gone = el("p", { class: "ro-gone", role: "alert", hidden: true });
    this.said = el("span", {});
    this.back = el("button", { type: "button", class: "ro-button ro-quiet", onclick: () => on.back() }, SAY.backToIt);
    this.told = el("p", { class: "ro-told", role: "status" }, this.said, this.back);
    const keys = el("dl", { class: "ro-keys" }, ...SAY.keyList.map(([key, does]) => el("div", {}, el("dt", {}, el("kbd", {}, key)), el("dd", {}, does))));
    this.help = el("details", { class: "ro-help" }, el("summary", {}, SAY.keys), keys);
    this.node = el("header", { class: "ro-top" },
      el("div", { class: "ro-line" }, this.release.node, this.help),
      el("div", { class: "ro-line ro-go" }, this.previous, this.other.node, this.following),
      el("div", { class: "ro-target" }, this.where, this.beside), this.banner, this.meter.node,
      el("div", { class: "ro-line ro-walk" },
        el("fieldset", {}, el("legend", {}, SAY.walk), this.customerWalk.node, this.stepWalk.node),
        el("label", { class: "ro-choice" }, this.auto, el("span", {}, SAY.auto))),
      el("p", { class: "ro-coming" }, el("b", {}, SAY.coming), this.coming, this.offer),
      this.told, this.gone);
    this.tell("");
  }
  show(view, picks) {
    const { walk, head } = view;
    this.release.show([["", picks.releases.map((each) => [each.id, each.status === "active" ? each.name : `${each.name} (${each.status})`])]], view.release.id);
    this.other.relabel(SAY[walk]);
    if (walk === "customer") this.other.show(this.customers(view, picks), head.customer ?? 0);
    else this.other.show(grouped(picks.templates, (one) => one.category, (one) => one.name), head.template ?? 0);
    this.previous.relabel(walk);
    this.following.relabel(walk);
    this.customerWalk.input.checked = walk === "customer";
    this.stepWalk.input.checked = walk === "step";
    if (walk === "customer") this.showCustomer(head);
    else this.showStep(head);
    write(this.banner, head.said);
    this.meter.show(view.cards);
  }
  customers(view, picks) {
    const { head } = view;
    const known = picks.customers.some((each) => each.id === head.customer);
    const all = known || !head.customer ? picks.customers : [...picks.customers, { id: head.customer, ...head }];
    return grouped(all, (one) => one.cluster, (one) => `${one.namespace} · ${one.name}${one.held ? ` (${SAY.held})` : ""}`);
  }
  showCustomer(head) {
    this.where.replaceChildren(...(head.customer ? [el("span", { class: "ro-cluster" }, head.cluster), el("span", { class: "ro-slash" }, "/"),
      el("span", { class: "ro-namespace" }, head.namespace)] : []));
    this.where.classList.add("ro-mono");
    write(this.beside, head.name);
  }
  showStep(head) {
    this.where.replaceChildren(head.name ?? "");
    this.where.classList.remove("ro-mono");
    const words = [head.category, SAY.type[head.type], head.required && SAY.required, head.retired && SAY.retired, head.paired && SAY.paired];
    write(this.beside, words.filter(Boolean).join(" · "));
  }
  tell(text, back = false) {
    write(this.said, text);
    this.back.hidden = !back;
    this.told.classList.toggle("ro-nothing", !text);
  }
  showComing({ step, said, offer }) {
    write(this.coming, said || (step ? "" : SAY.nothing));
    this.coming.classList.toggle("ro-complete", !step && Boolean(said));
    write(this.offer, offer?.text);
  }
}

// ---------------------------------------------------------------- the cards

function marksOf(card) {
  return MARKS.filter(([bit]) => card.marks & bit).map(([, label]) => label);
}

function nameOf(card) {
  const who = card.who && `by ${card.who}`;
  const what = [card.title, card.beside].filter(Boolean).join(", ");
  return `${what}: ${[STATUS_LABEL[card.status], who, card.held && SAY.held, ...marksOf(card)].filter(Boolean).join(", ")}`;
}

/** One card: light, because there may be two thousand. */
function cardNode(card, walk) {
  const node = el("div", { class: "ro-card", role: "option", tabindex: "-1", "aria-selected": "false" });
  node.card = null;
  node.draw = (now) => {
    node.card = now;
    node.className = `ro-card ro-is-${now.status}`;
    node.setAttribute("aria-label", nameOf(now));
    const chips = [...marksOf(now), now.held && SAY.held].filter(Boolean).map((mark) => el("span", { class: "ro-mark" }, mark));
    const byCustomer = walk === "customer";
    node.replaceChildren(...[
      el("span", { class: "ro-number" }, now.number), statusIcon(now.status),
      el("span", { class: "ro-title" }, el("span", { class: byCustomer ? "ro-name" : "ro-name ro-mono" }, now.title),
        now.beside ? el("span", { class: "ro-of" }, now.beside) : null,
        el("span", { class: "ro-type" }, byCustomer ? SAY.type[now.type] : now.category)),
      chips.length ? el("span", { class: "ro-what" }, ...chips) : null,
      el("span", { class: "ro-status" }, el("b", {}, STATUS_LABEL[now.status]), now.who ? el("span", { class: "ro-who" }, now.who) : null),
    ].filter(Boolean));
  };
  node.draw(card);
  return node;
}

/** The list; `on` has `pick(id)` and `key(event)`. */
class Cards {
  constructor(on) {
    this.nodes = new Map();
    this.empty = el("p", { class: "ro-empty", hidden: true }, SAY.noCards);
    this.node = el("div", { class: "ro-cards", role: "listbox", "data-relorch-scroll": "" });
    this.node.addEventListener("click", (event) => {
      const card = event.target.closest(".ro-card");
      if (card) on.pick(card.card.id);
    });
    this.node.addEventListener("keydown", (event) => on.key(event));
  }
  show(view) {
    this.node.setAttribute("aria-label", SAY.list[view.walk]);
    const key = JSON.stringify([view.walk, view.groups, view.cards.map((card) => [card.id, card.group])]);
    if (key === this.key) return view.cards.forEach((card) => this.patch(card));
    this.key = key;
    const top = this.node.scrollTop;
    this.nodes = new Map(view.cards.map((card) => [card.id, cardNode(card, view.walk)]));
    const groups = view.groups.map((name, at) => this.group(name, view.cards.filter((card) => card.group === at)));
    this.node.replaceChildren(...groups.filter(Boolean));
    this.node.hidden = view.cards.length === 0;
    this.empty.hidden = view.cards.length > 0;
    this.node.scrollTop = top;
    return undefined;
  }
  group(name, cards) {
    if (!cards.length) return null;
    const heading = el("div", { class: "ro-group", "aria-hidden": "true" }, name);
    return el("div", { role: "group", "aria-label": name }, heading, ...cards.map((card) => this.nodes.get(card.id)));
  }
  patch(card) {
    const node = this.nodes.get(card.id);
    if (node && JSON.stringify(node.card) !== JSON.stringify(card)) node.draw(card);
    if (node && card.id === this.current) node.setAttribute("aria-selected", "true");
  }
  select(id) {
    const before = this.nodes.get(this.current);
    this.current = id;
    for (const node of [before, this.nodes.get(id)].filter(Boolean)) {
      const on = node.card.id === id;
      node.setAttribute("aria-selected", String(on));
      node.tabIndex = on ? 0 : -1;
    }
    this.reveal();
  }
  reveal() {
    const node = this.nodes.get(this.current);
    if (!node) return;
    const [list, card, heading] = [this.node.getBoundingClientRect(), node.getBoundingClientRect(), 32];
    if (card.top < list.top + heading) this.node.scrollTop -= list.top + heading - card.top;
    else if (card.bottom > list.bottom - 8) this.node.scrollTop += card.bottom - list.bottom + 8;
  }
  focus() {
    this.nodes.get(this.current)?.focus({ preventScroll: true });
  }
  get hasFocus() {
    return this.node.contains(this.node.getRootNode().activeElement);
  }
}

// ---------------------------------------------------------------- the walk

/** The field that is being typed in, wherever on the page. */
function typing() {
  let node = document.activeElement;
  while (node?.shadowRoot?.activeElement) node = node.shadowRoot.activeElement;
  return ["TEXTAREA", "INPUT"].includes(node?.tagName) && !["checkbox", "radio"].includes(node.type) && node.value !== "";
}

class Checklist {
  constructor(model, root) {
    this.model = model;
    this.bus = channel(model.get("channel"));
    this.current = 0;
    this.requests = 0;
    this.waiting = null; // { id, typing } of the press that is held or on its way
    this.moving = null; // the request that leads to another card or place
    this.ahead = []; // keys pressed since either, in order
    this.offered = null; // where to go when nothing is left here
    this.before = 0; // the step that was left by going on
    this.advancedAt = -Infinity;
    this.timers = {};
    this.top = new Top({
      release: (id) => this.goRelease(id), place: (id) => this.goPlace(id), aside: (delta) => this.aside(delta),
      walk: (walk) => this.setWalk(walk), auto: (on) => this.setAuto(on), offer: () => this.takeOffer(), back: () => this.backToIt(),
    });
    this.cards = new Cards({ pick: (id) => this.pick(id), key: (event) => this.keydown(event) });
    this.top.node.addEventListener("keydown", (event) => this.topKeydown(event));
    this.node = el("section", { class: "ro-checklist", "aria-label": "Checklist" }, this.top.node, this.cards.empty, this.cards.node);
    root.append(this.node);
    this.top.auto.checked = model.get("auto");
    this.listen();
    this.read();
  }
  listen() {
    const handlers = {
      "change:view": () => this.read(), "change:picks": () => this.showAll(), "msg:custom": (message) => this.receive(message),
    };
    for (const [event, handler] of Object.entries(handlers)) this.model.on(event, handler);
    const deaf = this.bus.hear((message) => this.hear(message));
    const fit = () => this.fitWindow();
    window.addEventListener("resize", fit);
    const placed = new ResizeObserver(fit);
    placed.observe(document.body);
    placed.observe(this.node);
    this.close = () => {
      deaf();
      placed.disconnect();
      window.removeEventListener("resize", fit);
      for (const [event, handler] of Object.entries(handlers)) this.model.off(event, handler);
      Object.values(this.timers).forEach(clearTimeout);
      this.node.remove();
    };
  }
  after(name, ms, work) {
    clearTimeout(this.timers[name]);
    this.timers[name] = setTimeout(work, ms);
  }
  /** End with the window, so that the cards scroll and the page does not. */
  fitWindow() {
    const top = Math.max(0, Math.round(this.node.getBoundingClientRect().top));
    const room = `${Math.max(360, window.innerHeight - top - 8)}px`;
    if (this.room === room) return;
    this.room = room;
    this.node.style.setProperty("--ro-room", room);
    this.cards.reveal();
  }

  // -- what comes in
  read() {
    const view = this.model.get("view");
    const own = view.request && view.request === this.moving?.request;
    const had = this.cards.hasFocus;
    this.view = { ...view, cards: view.cards.map((card) => ({ ...card })) };
    this.showAll();
    const stays = !own && this.find(this.current);
    if (own) this.arrivedAt(had);
    else if (!stays) this.select(view.current, "link", had);
    else this.cards.select(this.current);
    if (this.awaited && this.find(this.awaited)) this.select(this.awaited, "link");
    this.askComing();
  }
  arrivedAt(had) {
    const { focus } = this.moving;
    this.moving = null;
    this.top.tell("");
    write(this.top.gone, "");
    this.select(this.view.current, "click", had || focus);
    this.playAhead();
  }
  showAll() {
    this.top.show(this.view, this.model.get("picks"));
    this.cards.show(this.view);
    this.top.stepWalk.input.disabled = this.view.walk === "customer" && !this.find(this.current)?.template && !this.model.get("picks").templates.length;
  }
  find(id) {
    return this.view.cards.find((card) => card.id === id);
  }
  receive(message) {
    const does = { patch: () => this.patch(message.cards), next: () => this.comes(message), gone: () => this.isGone(message) };
    does[message?.type]?.();
  }
  patch(cards) {
    for (const card of cards) {
      const at = this.view.cards.findIndex((each) => each.id === card.id);
      if (at < 0 || card.version < this.view.cards[at].version) continue;
      this.view.cards[at] = card;
      this.cards.patch(card);
    }
    this.top.meter.show(this.view.cards);
    this.askComing();
  }
  isGone({ message }) {
    this.moving = null;
    this.dropKeys();
    write(this.top.gone, message);
    this.showAll();
  }
  hear(message) {
    const does = {
      next: () => (this.busy ? this.keep("j") : this.askNext()),
      "focus-matrix": () => this.cards.focus(),
      waiting: () => { this.waiting = { id: message.id, typing: message.typing }; },
      rest: () => this.rest(message),
      goto: () => this.goTo(message.id),
    };
    if (Object.hasOwn(does, message?.type ?? "")) does[message.type]();
  }
  /** The panel names a step: one that is to come is waited for. */
  goTo(id) {
    if (this.find(id)) return this.select(id, "link");
    this.awaited = id;
    this.after("goto", AFTER.goto, () => { this.awaited = 0; });
  }

  // -- the open card
  pick(id) {
    if (id !== this.current) this.dropKeys();
    this.select(id, "click", true);
  }
  select(id, at, focus = false) {
    const card = this.find(id);
    this.awaited = 0;
    this.offered = null;
    if (at === "key" || at === "click") this.top.tell("");
    this.current = card ? id : 0;
    this.cards.select(this.current);
    if (focus) this.cards.focus();
    this.bus.say({ type: "select", id: this.current, version: card?.version, at, where: card ? this.whereWords(card) : "" });
    this.after("address", AFTER.address, () => this.writeAddress());
    this.askComing();
  }
  whereWords(card) {
    const { head, groups, walk } = this.view;
    return walk === "customer" ? `${card.title}, ${head.cluster}/${head.namespace}` : `${head.name}, ${groups[card.group]}/${card.title}`;
  }
  /** The address always leads back to what is shown, so that it can be sent to a colleague. */
  writeAddress() {
    const { release, head, walk } = this.view;
    const address = new URL(window.location.href);
    const shown = {
      release: release.id, customer: walk === "customer" && head.customer, template: walk === "step" && head.template,
      step: this.current, walk, auto: this.top.auto.checked ? null : "0",
    };
    for (const [name, value] of Object.entries(shown)) {
      if (value) address.searchParams.set(name, value);
      else address.searchParams.delete(name);
    }
    window.history.replaceState(window.history.state, "", address);
  }

  // -- going on
  get busy() {
    return Boolean(this.waiting || this.moving);
  }
  send(message) {
    Promise.resolve(this.model.send(message)).catch(() => this.isGone({ message: SAY.noAnswer }));
  }
  /** Ask what is next, to say so; not while something else is on its way. */
  askComing() {
    this.after("coming", AFTER.rest, () => {
      if (!this.busy) this.send({ type: "next", request: ++this.requests, after: this.current, go: false });
    });
  }
  /** Go to what is next; `advanced` says that the checklist does so by itself. */
  askNext(advanced = null) {
    if (this.offered && !advanced) return this.takeOffer();
    this.move({ advanced, focus: this.cards.hasFocus || !typing() });
    this.send({ type: "next", request: this.moving.request, after: this.current, go: true });
  }
  move(moving) {
    const request = ++this.requests;
    this.moving = { request, ...moving };
    this.after("moving", AFTER.noAnswer, () => this.moving?.request === request && this.isGone({ message: SAY.noAnswer }));
  }
  comes(message) {
    if (message.go) return this.moving?.request === message.request && this.nextIs(message);
    if (message.request !== this.requests || message.after !== this.current) return;
    this.showComing(message);
  }
  showComing(message) {
    this.offered = message.offer;
    this.top.showComing(message);
  }
  nextIs(message) {
    const { advanced, focus } = this.moving;
    this.moving = null;
    this.showComing(message);
    if (!message.step) {
      this.top.tell(advanced ? `${advanced.was}: ${advanced.name}. ${message.said}` : message.said);
      this.dropKeys();
      if (focus) (message.offer ? this.top.offer : this.cards).focus();
      return;
    }
    this.before = advanced?.id ?? 0;
    if (advanced) this.advancedAt = performance.now();
    this.select(message.step, advanced ? "advance" : "click", focus);
    if (advanced) this.top.tell(SAY.movedOn(advanced.was, advanced.name, message.said), true);
    this.playAhead();
  }
  takeOffer() {
    if (!this.offered || this.busy) return;
    const { id } = this.offered;
    this.offered = null;
    this.goPlace(id, true);
  }
  backToIt() {
    if (this.find(this.before)) this.select(this.before, "click", true);
    this.top.tell("");
  }

  // -- other places
  go(change, focus = false) {
    if (this.busy) return this.showAll();
    const { release, head, walk } = this.view;
    const here = { walk, release: release.id, customer: head.customer ?? 0, template: head.template ?? 0, step: 0 };
    this.move({ focus });
    this.send({ type: "go", request: this.moving.request, ...here, ...change });
  }
  /** Another release is another page: its name stands in the title, and nothing of this one is left. */
  goRelease(id) {
    const address = new URL(window.location.href);
    for (const name of ["customer", "template", "step"]) address.searchParams.delete(name);
    address.searchParams.set("release", id);
    window.location.assign(address);
  }
  goPlace(id, focus = false) {
    this.go(this.view.walk === "customer" ? { customer: id } : { template: id }, focus);
  }
  aside(delta, focus = false) {
    const { walk, head } = this.view;
    const all = this.model.get("picks")[walk === "customer" ? "customers" : "templates"];
    const at = all.findIndex((each) => each.id === (head.customer ?? head.template));
    const to = all[Math.min(all.length - 1, Math.max(0, at + delta))];
    if (to && to !== all[at]) this.goPlace(to.id, focus);
  }
  /** The same step, along the other way. */
  setWalk(walk, focus = false) {
    const card = this.find(this.current);
    if (walk === this.view.walk) return;
    if (walk === "step" && card && !card.template) {
      this.top.tell(SAY.noStepWalk);
      return this.showAll();
    }
    this.go({ walk, customer: card?.customer ?? 0, template: card?.template ?? 0, step: this.current }, focus);
  }
  setAuto(on) {
    this.top.auto.checked = on;
    this.writeAddress();
  }

  // -- keys
  keydown(event) {
    if (event.isComposing || event.altKey || event.ctrlKey || event.metaKey) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (!(this.busy ? this.keepKey(event, key) : this.act(key, event.repeat))) return;
    event.preventDefault();
    event.stopPropagation();
  }
  /** Above the cards only letters are keys of the checklist, or what is typed ahead; the rest is for what has the focus. */
  topKeydown(event) {
    const typesAhead = (this.ahead.at(-1) ?? this.waiting)?.typing;
    if (!event.target.closest(LETTER_FIELDS) && (typesAhead || LETTER.test(event.key))) this.keydown(event);
  }
  act(key, repeat = false, typed = "") {
    if (Object.hasOwn(VERB_KEYS, key)) return this.press(key, repeat, typed);
    const acts = {
      ArrowUp: () => this.step(-1), ArrowDown: () => this.step(1), PageUp: () => this.step(-10), PageDown: () => this.step(10),
      Home: () => this.step(-Infinity), End: () => this.step(Infinity),
      ArrowLeft: () => this.aside(-1, true), ArrowRight: () => this.aside(1, true),
      Enter: () => this.bus.say({ type: "focus-step" }), j: () => repeat || this.askNext(),
      w: () => this.setWalk(this.view.walk === "customer" ? "step" : "customer", true),
      g: () => this.setAuto(!this.top.auto.checked), " ": () => true,
    };
    if (!Object.hasOwn(acts, key)) return false;
    acts[key]();
    return true;
  }
  step(delta) {
    const { cards } = this.view;
    const at = cards.findIndex((card) => card.id === this.current);
    const to = cards[Math.min(cards.length - 1, Math.max(0, at + delta))];
    if (to && to.id !== this.current) this.select(to.id, "key", true);
  }
  press(key, repeat, typed) {
    if (repeat || !this.current) return true;
    const tooSoon = performance.now() - this.advancedAt < AFTER.advance;
    if (tooSoon) this.bus.say({ type: "tell", text: SAY.look(key) });
    else this.bus.say({ type: "press", verb: VERB_KEYS[key], id: this.current, typed });
    return true;
  }

  // -- keys pressed ahead, while a press or a move is on its way
  keepKey(event, key) {
    const last = this.ahead.at(-1) ?? this.waiting;
    if (key === "Escape") this.letGo();
    else if (last?.typing && TYPED_KEY.test(event.key)) this.typeAhead(event.key);
    else if (!MOVES.includes(key) && !Object.hasOwn(VERB_KEYS, key)) return false;
    else if (!event.repeat) this.keep(key);
    return true;
  }
  keep(key) {
    if (this.ahead.length >= KEYS_AHEAD) return this.bus.say({ type: "dropped", keys: [key] });
    this.ahead.push({ key, typing: TYPED_VERBS.includes(VERB_KEYS[key]), text: "" });
  }
  typeAhead(key) {
    const last = this.ahead.at(-1);
    if (last) last.text = typedOn(last.text, key);
    else this.bus.say({ type: "typed", id: this.waiting.id, key });
  }
  letGo() {
    const id = this.waiting?.id;
    this.dropKeys();
    if (id) this.bus.say({ type: "let-go", id });
  }
  dropKeys() {
    this.waiting = null;
    const keys = this.ahead.splice(0).map(({ key, text }) => (text ? `${key} “${text}”` : key));
    if (keys.length) this.bus.say({ type: "dropped", keys });
  }
  playAhead() {
    while (this.ahead.length && !this.busy) {
      const { key, text } = this.ahead.shift();
      this.act(key, false, text);
    }
  }
  /**
   * The press that was waited for has come to an end. What a status verb closed (`worked`; not an edit, not an undo)
   * is left behind, if the operator wants that.
   */
  rest({ id, stored, step, worked }) {
    if (step) this.take(step);
    if (id !== this.waiting?.id && id !== this.current) return;
    if (!stored) return this.dropKeys();
    this.waiting = null;
    const goesOn = worked && step && id === this.current && CLOSED.includes(step.status) && this.top.auto.checked;
    if (!goesOn) return this.playAhead();
    this.keepMoves();
    if (typing()) return this.top.tell(SAY.stayed);
    this.askNext({ id, was: SAY.done[step.status], name: this.nameOf(this.find(id)) });
  }
  /** Verbs pressed ahead were meant for the step that is left now; "next" is what happens anyway. */
  keepMoves() {
    const verbs = this.ahead.filter(({ key }) => key !== "j");
    this.ahead = [];
    if (verbs.length) this.bus.say({ type: "dropped", keys: verbs.map(({ key, text }) => (text ? `${key} “${text}”` : key)) });
  }
  nameOf(card) {
    return [card.title, card.beside].filter(Boolean).join(", ");
  }
  /** Know what was stored before its patch comes. */
  take({ id, version, status }) {
    const card = this.find(id);
    if (card && version > card.version) this.patch([{ ...card, version, status, marks: card.marks & ~32 }]);
  }
}

export default {
  /** Draw the checklist of `model` into `root`; gives back what takes it away again. */
  render({ model, el: root }) {
    const checklist = new Checklist(model, root);
    return () => checklist.close();
  },
};
