// The matrix: steps down, customers across. Only what is in view is in the document. What is selected and which verb
// key was pressed is said over the channel; the step panel beside it does the rest.
// This file holds the widget: selection, keys, messages. What it shows is in the files beside it, which come after it.

const NO_STEP = 255;
const [DONE, SKIPPED, FAILED] = ["done", "skipped", "failed"].map((status) => STATUS.indexOf(status));
const CATEGORY_LABEL = { deploy: "Deploy", verify: "Verify" };
const CATEGORIES = Object.keys(CATEGORY_LABEL);
const IN_PROGRESS = STATUS.indexOf("in_progress");
/** The mark of a cell that somebody else is at, and what it adds to a status code in a filter's table. */
const CLAIMED = 32;
const CLAIMED_BY_OTHERS = 8;
/** What can be asked for by status: one of STATUS, or whose the steps in progress are. */
const STATUS_FILTERS = ["pending", "in_progress", "mine", "others", "done", "skipped", "failed", "reverted"];
const FILTER_LABEL = { ...STATUS_LABEL, mine: "in progress by me", others: "in progress by others" };
const MARK_LABEL = {
  1: "overridden", 2: "custom", 4: "noted", 8: "template moved on", 16: "out of order",
  [CLAIMED]: "in progress by somebody else",
};
const MARKS = Object.entries(MARK_LABEL).map(([bit, label]) => [Number(bit), label]);
const VERB_KEYS = {
  d: "mark_done", s: "skip", f: "fail", r: "revert", o: "reopen", b: "start", c: "copy", n: "note", e: "edit", a: "add",
};
/** After these the operator types: a reason, or a note. */
const TYPED_VERBS = ["skip", "fail", "revert", "reopen", "note"];
/** As many keys are kept while the step before them is being loaded or saved. */
const KEYS_AHEAD = 8;
/** Sizes in pixels; the ones the style sheet needs are handed to it as custom properties. */
const PX = {
  column: 38, folded: 64, cluster: 140, row: 30, band: 26, clusters: 28, names: 136,
  left: 260, narrow: 560, narrowLeft: 200, clusterEdge: 42, gap: 7, bar: 72, cornerEdge: 22,
};
/** Rows and columns drawn around the view; none where the view alone takes this many cells. */
const OVERSCAN = 1;
const MANY_CELLS = 2000;
const SAVE_AFTER_MS = 300;
/** A range that still grows is told when it rests, and a step that comes later is waited for so long. */
const TELL_AFTER_MS = 250;
const GOTO_WAIT_MS = 3000;
const FLASH_MS = 1200;

/** Boards and views by their `cells` value, so that a second render of one model keeps patches, scroll and folds. */
const remembered = new WeakMap();

class Matrix {
  constructor(model, root) {
    this.model = model;
    this.bus = channel(model.get("channel"));
    this.view = {
      board: null, layout: null, cursor: null, folded: new Set(), filter: new Filter(), selection: new Selection(),
      outdated: false,
    };
    this.sheet = new Sheet(this.view);
    this.bar = new Bar({
      filter: (filter) => this.setFilter(filter), again: () => this.setFilter(this.view.filter),
      leave: () => this.enterGrid(), help: () => this.toggleHelp(),
    });
    this.removed = new Removed();
    this.bulk = new Bulk({
      subject: () => this.subject(), place: (id) => this.placeOf(id), send: (message, failed) => this.send(message, failed),
      back: () => this.sheet.stop?.focus({ preventScroll: true }), clear: () => this.selectOne(),
    });
    this.help = null;
    this.sentence = el("p", { class: "ro-empty" });
    this.live = el("p", { class: "ro-live", role: "status", "aria-live": "polite" });
    this.main = el("div", { class: "ro-main" }, this.sentence, this.sheet.node);
    this.node = el("section", { class: "ro-matrix", "aria-label": "Matrix" },
      this.bar.node, this.main, this.bulk.node, this.removed.node, this.live);
    for (const [name, size] of Object.entries(PX)) this.node.style.setProperty(`--ro-px-${name}`, `${size}px`);
    this.waiting = null; // { id, typing } of the press that is held or on its way
    this.ahead = []; // keys pressed since, in order
    this.undo = [];
    root.append(this.node);
    paintShapes(this.node);
    this.listen();
    this.read();
    this.follow();
  }
  listen() {
    this.hearModel({
      "change:head": () => this.readSoon(),
      "change:cells": () => this.readSoon(),
      "change:selected": () => this.follow(),
      "msg:custom": (message) => this.receive(message),
    });
    this.undo.push(this.bus.hear((message) => this.hear(message)));
    const resized = new ResizeObserver(() => this.resize());
    resized.observe(this.sheet.node);
    this.undo.push(() => resized.disconnect());
    // The style sheet lets a colour of the theme pass over in a moment, so this comes when the theme changes.
    this.live.addEventListener("transitionend", () => paintShapes(this.node));
    this.hearGrid();
  }
  hearModel(handlers) {
    for (const [event, handler] of Object.entries(handlers)) {
      this.model.on(event, handler);
      this.undo.push(() => this.model.off(event, handler));
    }
  }
  hearGrid() {
    const on = (type, handler, options) => this.sheet.node.addEventListener(type, handler, options);
    on("scroll", () => this.scrolled(), { passive: true });
    on("keydown", (event) => this.keydown(event));
    on("click", (event) => this.click(event));
    on("focusin", (event) => this.focusin(event));
    on("pointerover", (event) => this.hover(event));
    on("mousedown", (event) => {
      // Pooled elements change their meaning: the focus is set by what was clicked, never by the browser.
      if (event.target.closest("button, .ro-cell, .ro-customer, .ro-row-head")) event.preventDefault();
    });
    this.bar.node.addEventListener("keydown", (event) => this.barKeydown(event));
  }
  close() {
    if (this.saving) this.save();
    for (const step of this.undo) step();
    this.closed = true;
    this.node.remove();
  }

  // -- what comes in
  readSoon() {
    if (this.reading) return;
    // `head` and `cells` change one after the other: look when both have.
    this.reading = true;
    queueMicrotask(() => {
      this.reading = false;
      if (!this.closed) this.read();
    });
  }
  read() {
    const { view } = this;
    const board = readBoard(this.model);
    if (!board || board === view.board) return this.showSentence();
    const before = view.board;
    const kept = remembered.get(this.model.get("cells"));
    const shown = before && shownIn(before, view.layout);
    if (before) this.carryOver(before, board);
    else if (kept.view) Object.assign(view, kept.view);
    else this.begin(board);
    view.board = board;
    this.arrange(shown);
    if (!before && kept.view) Object.assign(this.sheet.node, { scrollLeft: kept.view.left, scrollTop: kept.view.top });
    this.draw();
    this.goto();
  }
  /** The first look: nothing is selected, and the filter is that of the address. */
  begin(board) {
    const { filter, unknown } = filterOf(new URL(window.location.href), board);
    Object.assign(this.view, { filter, selection: new Selection(board.ids.length) });
    this.bar.say(unknown.length ? `Not filtered by what this release does not have: ${unknown.join(", ")}.` : "");
  }
  /** Take over cursor and selection to a board of other rows or customers. */
  carryOver(before, board) {
    const { view } = this;
    const { count } = view.selection;
    board.keepNewer(before);
    view.cursor = this.relocate(before, board);
    view.selection = view.selection.movedTo(before, board);
    this.tellLost(count - view.selection.count);
  }
  /** The place in `board` of what is selected in `before`: the same step, else the same customer and row. */
  relocate(before, board) {
    const { cursor } = this.view;
    if (!cursor) return null;
    const found = board.find(before.ids[before.at(cursor.r, cursor.c)]);
    if (found) return found;
    const r = board.rows.findIndex((row) => row.key === before.rows[cursor.r].key);
    const c = board.customers.findIndex((customer) => customer.id === before.customers[cursor.c].id);
    return r < 0 || c < 0 ? null : { r, c };
  }
  /** Select what Python names: at the start for a deep link, later when the address changes. */
  follow() {
    const id = this.model.get("selected");
    const { board } = this.view;
    if (!board || !id || id === this.selectedId()) return;
    const cell = board.find(id);
    if (!cell) return;
    if (!this.view.filter.narrows) this.uncover(cell);
    this.select(cell, "link", { keep: true });
  }
  receive(message) {
    if (!this.view.board) return;
    if (message?.type !== "patch") return this.bulk.receive(message);
    const { board, selection } = this.view;
    const [before, version] = [this.selectedId(), this.selectedVersion()];
    const changed = message.cells.filter((cell) => {
      const differs = board.differs(cell);
      return board.patch(cell) && differs;
    });
    this.tellLost(selection.shrink((at) => board.status[at] !== NO_STEP));
    this.checkFilter();
    this.draw();
    for (const [r, c] of changed) this.sheet.flash(r, c);
    const own = message.own && this.selectedVersion() !== version;
    if (this.selectedId() !== before || own) this.saySelected("link");
    this.goto();
  }
  /** Send to Python; `failed` when the connection itself says no. */
  send(message, failed) {
    const refused = (reason) => {
      console.warn("relorch: could not send", message.type, reason);
      failed();
    };
    try {
      Promise.resolve(this.model.send(message)).catch(refused);
    } catch (reason) {
      refused(reason);
    }
  }
  hear(message) {
    const does = {
      "focus-matrix": () => this.enterGrid(),
      next: () => (this.waiting ? this.keep({ key: "j" }) : this.goNext()),
      waiting: () => { this.waiting = { id: message.id, typing: message.typing }; },
      rest: () => this.rest(message),
      goto: () => this.goto({ id: message.id, until: performance.now() + GOTO_WAIT_MS }),
    };
    if (Object.hasOwn(does, message?.type ?? "")) does[message.type]();
  }

  /** Select a step somebody asked for; one that is not known yet is waited for a moment. */
  goto(wanted = this.wanted) {
    this.wanted = wanted && performance.now() < wanted.until ? wanted : null;
    const cell = this.wanted && this.view.board?.find(this.wanted.id);
    if (!cell) return;
    this.wanted = null;
    this.uncover(cell);
    this.select(cell, "link");
  }

  // -- what is shown
  /** Lay everything out anew; `kept` (customers and rows) stays in view whatever the filter says of it now. */
  arrange(kept = null) {
    const { view, sheet } = this;
    view.layout = layOut(view.board, view.folded, view.filter, kept);
    this.dropHidden(kept ? null : view.layout.wanted);
    this.checkFilter();
    sheet.arrange();
    this.showSentence();
  }
  /** What is not shown is not selected: nobody shall change what they cannot see. */
  dropHidden(wanted) {
    const { board, layout, selection } = this.view;
    const across = board.customers.length;
    this.tellLost(selection.shrink((at) => layout.placeOf[Math.floor(at / across)] >= 0
      && layout.columnOf[at % across] >= 0 && board.isWanted(wanted, at)));
  }
  tellLost(lost) {
    if (lost > 0) this.tell(`${stepsWords(lost)} no longer shown: not selected any more. ${this.countSelected()}.`);
  }
  /** See whether the filter by status would leave something else by now; rows do not jump away by themselves. */
  checkFilter() {
    const { board, layout, filter } = this.view;
    if (!filter.statuses.size) return void (this.view.outdated = false);
    const { customers, rows } = search(board, filter);
    this.view.outdated = !alike(customers, layout.found.customers) || !alike(rows, layout.found.rows);
  }
  draw() {
    if (!this.view.layout) return;
    this.bar.draw(this.view);
    this.removed.draw(this.view.board);
    this.sheet.draw();
    this.showSelection();
    this.remember();
  }
  remember() {
    const { cursor, folded, filter, selection } = this.view;
    const kept = remembered.get(this.model.get("cells"));
    const { left, top } = this.sheet.scroll;
    if (kept) kept.view = { cursor, folded, filter, selection, left, top };
  }
  resize() {
    const { cursor } = this.view;
    const seen = cursor && this.sheet.sees(cursor.r);
    if (!this.sheet.measure() || !this.view.layout) return;
    if (this.sheet.size.width) this.node.classList.toggle("ro-narrow", this.sheet.left === PX.narrowLeft);
    paintShapes(this.node);
    this.view.layout.stamp = ++layouts; // every place is another one now
    this.sheet.arrange();
    if (this.revealing || (seen && !this.sheet.sees(cursor.r))) this.sheet.reveal(cursor.r, cursor.c);
    this.revealing = false;
    this.draw();
  }
  scrolled() {
    this.sheet.draw();
    this.remember();
  }
  showSentence() {
    const text = this.emptyWords();
    write(this.sentence, text);
    this.sentence.hidden = !text;
    this.sheet.node.hidden = Boolean(text);
    this.bar.node.hidden = !this.view.board;
  }
  emptyWords() {
    const { board, layout } = this.view;
    if (!board) return "The steps have not arrived yet.";
    if (!board.rows.length) return "This release has no steps yet.";
    if (!board.customers.length) return "No customer takes part in this release yet.";
    return layout?.empty ? "Nothing matches the filters. Remove one of them, or clear all." : "";
  }
  setFilter(filter) {
    this.view.filter = filter;
    this.bar.say("");
    if (!this.view.board) return;
    this.arrange();
    this.draw();
    this.saveSoon();
  }
  fold(keys, folded) {
    for (const key of keys) this.view.folded[folded ? "add" : "delete"](key);
    this.arrange();
    this.draw();
  }
  toggleFold({ cluster, category }) {
    const key = cluster ?? category;
    this.fold([key], !this.view.folded.has(key));
    const group = this.view.layout.groups.find((one) => this.view.board.clusters[one.k].id === cluster);
    if (group && group.x < this.sheet.scroll.left) this.sheet.node.scrollLeft = group.x;
  }
  toggleAllClusters() {
    const ids = this.view.board.clusters.map((cluster) => cluster.id);
    this.fold(ids, !ids.every((id) => this.view.folded.has(id)));
  }
  /** Undo the folds and the filter that hide a cell somebody asked for by its id. */
  uncover({ r, c }) {
    const { board, layout, folded } = this.view;
    if (layout.columnOf[c] >= 0 && layout.placeOf[r] >= 0) return;
    for (const key of [board.clusterOf(c).id, board.rows[r].category]) folded.delete(key);
    this.setFilter(new Filter());
  }
  toggleHelp(open = !this.help) {
    if (open === Boolean(this.help)) return;
    this.help?.remove();
    this.help = open ? helpPanel(() => this.toggleHelp(false)) : null;
    if (open) this.node.append(this.help);
    this.bar.help.setAttribute("aria-expanded", String(open));
  }
  announce(text) {
    this.live.textContent = "";
    this.live.textContent = text;
  }

  /** Say it to a screen reader and on the step panel, beside what became of the verbs. */
  tell(text) {
    this.announce(text);
    this.bus.say({ type: "tell", text });
  }

  // -- selection
  selectedId() {
    const { board, cursor } = this.view;
    return cursor ? board.ids[board.at(cursor.r, cursor.c)] : 0;
  }
  selectedVersion() {
    const { board, cursor } = this.view;
    return cursor ? board.versions[board.at(cursor.r, cursor.c)] : 0;
  }
  /**
   * Select a cell, and with `keep` leave selected what is; `at` says how it came about: "key", "pointer" or "link".
   * Only the first two take the focus.
   */
  select(cell, at, { focus = at !== "link", keep = false, reveal = true } = {}) {
    const { view, sheet } = this;
    if (!keep) view.selection.clear();
    if (this.waiting && this.waiting.id !== view.board.ids[view.board.at(cell.r, cell.c)]) this.dropKeys();
    view.cursor = cell;
    this.revealing = !sheet.size.width;
    if (reveal) sheet.reveal(cell.r, cell.c);
    this.draw();
    const slot = focus && sheet.slotOf(cell.r, cell.c);
    if (slot) sheet.focus(slot.node);
    this.saySelected(at);
    this.saveSoon();
  }
  saySelected(at) {
    const { board, cursor } = this.view;
    const place = board.at(cursor.r, cursor.c);
    this.bus.say({ type: "select", id: board.ids[place], version: board.versions[place], at, where: this.whereWords() });
  }
  /** "Migrate, eu-1/acme-prod", as the step panel names a step too. */
  whereWords() {
    const { board, cursor: { r, c } } = this.view;
    return `${board.rows[r].name}, ${board.clusterOf(c).name}/${board.customers[c].namespace}`;
  }
  saveSoon() {
    clearTimeout(this.saving);
    this.saving = setTimeout(() => this.save(), SAVE_AFTER_MS);
  }
  save() {
    clearTimeout(this.saving);
    this.saving = null;
    const id = this.selectedId();
    this.writeAddress(id);
    if (id === this.model.get("selected")) return;
    this.model.set("selected", id);
    this.model.save_changes();
  }
  /** The address always leads back to what is shown and selected, so that it can be sent to a colleague. */
  writeAddress(id) {
    const { board, filter } = this.view;
    const address = new URL(window.location.href);
    const params = { release: board.release.id, step: id || null, ...filter.params() };
    for (const [name, value] of Object.entries(params)) {
      if (value === null) address.searchParams.delete(name);
      else address.searchParams.set(name, value);
    }
    if (address.href !== window.location.href) window.history.replaceState(window.history.state, "", address);
  }
  goNext() {
    const { board, layout, cursor } = this.view;
    if (!layout) return;
    const cell = nextOpen(board, layout, cursor);
    if (cell) return this.select(cell, "key", { focus: this.sheet.holdsFocus() });
    const { open } = board.ofRelease.of(0);
    const others = `Nothing open in view; ${open} open are filtered out, collapsed or in progress by somebody else.`;
    this.tell(open ? others : "Nothing is open any more.");
  }
  /** Put the focus on the selected cell, or on the tab stop where none is selected. */
  enterGrid() {
    const { sheet, view } = this;
    if (!view.layout || sheet.node.hidden) return;
    this.revealSelected();
    this.node.scrollIntoView({ block: "nearest" });
    sheet.stop.focus({ preventScroll: true });
  }

  revealSelected() {
    const { cursor } = this.view;
    if (cursor) this.sheet.reveal(cursor.r, cursor.c);
    this.sheet.draw();
  }

  // -- several cells at once
  /** Whether verbs are for several cells, or for one that the cursor is not on. */
  isMany() {
    const { board, cursor, selection } = this.view;
    return selection.count > 1 || (selection.count === 1 && !(cursor && selection.has(board.at(cursor.r, cursor.c))));
  }
  /** Ids and versions of all that is selected, as they are on the screen. */
  subject() {
    const { board, selection } = this.view;
    const places = [...selection.places()];
    return { ids: places.map((at) => board.ids[at]), versions: places.map((at) => board.versions[at]) };
  }
  placeOf(id) {
    const { board } = this.view;
    const cell = board.find(id);
    if (!cell) return null;
    const { namespace } = board.customers[cell.c];
    return { step: board.rows[cell.r].name, where: `${board.clusterOf(cell.c).name}/${namespace}`, namespace };
  }
  countSelected() {
    return `${stepsWords(this.view.selection.count)} selected`;
  }
  /** Let bar, screen reader and step panel know how much is selected. */
  showSelection() {
    const { board, selection } = this.view;
    const many = this.isMany();
    this.bulk.draw(many ? extentWords(board, selection) : null);
    const count = many ? selection.count : 0;
    if (count === (this.told ?? 0)) return;
    this.told = count;
    this.bus.say({ type: "selection", count });
    clearTimeout(this.telling);
    this.telling = setTimeout(() => this.announce(count ? this.countSelected() : "One step selected"), TELL_AFTER_MS);
  }
  isShown({ r, c }) {
    const { layout } = this.view;
    return layout.placeOf[r] >= 0 && layout.columnOf[c] >= 0;
  }
  /** From where the range was begun to `cell`. */
  extendTo(cell, at) {
    const { board, layout, selection, cursor } = this.view;
    if (!selection.anchor || !this.isShown(selection.anchor)) {
      selection.begin(cursor && this.isShown(cursor) ? cursor : cell, true);
    }
    selection.become(rangeOf(board, layout, selection.anchor, cell));
    this.select(cell, at, { keep: true });
  }
  /** Add a cell to what is selected, or take it out. */
  toggle(cell, at) {
    const { board, layout, selection, cursor } = this.view;
    const place = board.at(cell.r, cell.c);
    const here = cursor && board.at(cursor.r, cursor.c);
    if (!selection.count && cursor && here !== place && this.isShown(cursor) && board.isWanted(layout.wanted, here)) {
      selection.mark(here);
    }
    if (board.isWanted(layout.wanted, place)) selection.mark(place, selection.has(place) ? 0 : 1);
    selection.begin(cell, true);
    this.select(cell, at, { keep: true });
  }
  /** Select whole rows or columns; `add` keeps what is selected, the cursor goes to one of the new cells. */
  selectLines(rows, columns, at, add = false) {
    const { board, layout, selection, cursor } = this.view;
    const places = cellsOf(board, layout, rows, columns);
    if (!places.length) return this.tell("There is no step to select there.");
    selection.begin(null, add);
    selection.become(places);
    const across = board.customers.length;
    const here = cursor && board.at(cursor.r, cursor.c);
    const place = places.find((each) => each === here)
      ?? places.find((each) => cursor && (each % across === cursor.c || Math.floor(each / across) === cursor.r)) ?? places[0];
    selection.anchor = { r: Math.floor(place / across), c: place % across };
    this.select(selection.anchor, at, { keep: true, reveal: at === "key" });
  }
  selectAll() {
    const { steps, columns } = this.view.layout;
    this.selectLines(steps, columns, "key");
  }
  /** Let the cursor be all that is selected. */
  selectOne() {
    const { cursor, selection } = this.view;
    selection.clear();
    this.draw();
    if (cursor) this.sheet.focus(this.sheet.stop);
  }
  clickLine({ r, c }, event) {
    const { layout, selection, cursor } = this.view;
    const add = event.ctrlKey || event.metaKey;
    const from = event.shiftKey ? selection.anchor ?? cursor : null;
    const between = (list, one, other) => (one < 0 ? [list[other]] : list.slice(Math.min(one, other), Math.max(one, other) + 1));
    if (r !== undefined) {
      const rows = from ? between(layout.steps, layout.placeOf[from.r], layout.placeOf[r]) : [r];
      return this.selectLines(rows, layout.columns, "pointer", add);
    }
    const columns = from ? between(layout.columns, layout.columnOf[from.c], layout.columnOf[c]) : [c];
    this.selectLines(layout.steps, columns, "pointer", add);
  }

  // -- pointer and keys
  click(event) {
    const target = event.target.closest(".ro-fold, .ro-cell, .ro-customer, .ro-row-head");
    const slot = target && this.sheet.slots.get(target);
    if (slot && slot.c >= 0) return this.clickCell({ r: slot.r, c: slot.c }, event);
    const fold = target && this.sheet.folds.get(target);
    const line = target && this.sheet.lines.get(target);
    if (fold) this.toggleFold(fold);
    else if (line) this.clickLine(line, event);
  }
  clickCell(cell, event) {
    if (event.shiftKey) return this.extendTo(cell, "pointer");
    if (event.ctrlKey || event.metaKey) return this.toggle(cell, "pointer");
    this.select(cell, "pointer");
  }
  focusin(event) {
    const slot = this.sheet.slots.get(event.target);
    const { cursor } = this.view;
    if (this.sheet.focusing || !slot || slot.c < 0 || (cursor?.r === slot.r && cursor.c === slot.c)) return;
    this.select({ r: slot.r, c: slot.c }, "key");
  }
  hover(event) {
    const slot = this.sheet.slots.get(event.target);
    if (!slot || slot.c < 0) return;
    const { board } = this.view;
    const customer = board.customers[slot.c];
    const where = `${board.clusterOf(slot.c).name}/${customer.namespace} · ${customer.name}`;
    slot.node.title = [board.rows[slot.r].name, where, board.words(slot.r, slot.c).join(", ")].join("\n");
  }
  keydown(event) {
    const clicks = event.target.closest("button") && ["Enter", " "].includes(event.key);
    if (event.isComposing || event.altKey || clicks || !this.handleKey(event)) return;
    event.preventDefault();
    event.stopPropagation();
  }
  /** Above the grid only letters are its keys, or what is typed ahead; the rest is for what has the focus. */
  barKeydown(event) {
    const typesAhead = (this.ahead.at(-1) ?? this.waiting)?.typing;
    const letter = LETTER.test(event.key) && !event.ctrlKey && !event.metaKey;
    if (!event.target.closest(LETTER_FIELDS) && (typesAhead || letter)) this.keydown(event);
  }
  handleKey(event) {
    const key = plainKey(event);
    if (this.waiting && this.keepKey(event, key)) return true;
    if (this.pick(event, key)) return true;
    if (event.ctrlKey || event.metaKey) return this.goTo(key);
    if (event.shiftKey && event.key.length > 1) return false;
    return this.goTo(key) || this.press(key, event.repeat) || this.act(key);
  }
  /** Select several cells; true if the key was one that does. */
  pick(event, key) {
    const control = event.ctrlKey || event.metaKey;
    const { cursor, layout } = this.view;
    if (event.key === " ") this.pickBySpace(event.shiftKey, control);
    else if (control && event.key.toLowerCase() === "a") this.selectAll();
    else if (event.shiftKey && MOVES.includes(key || event.key)) this.goTo(key || event.key, (cell) => this.extendTo(cell, "key"));
    else if (control && cursor && layout.steps.length && ARROWS.includes(event.key)) {
      this.goTo(event.key, (cell) => this.moveKeeping(cell));
    } else return false;
    return true;
  }
  pickBySpace(row, column) {
    const { cursor, layout } = this.view;
    if (!cursor || !this.isShown(cursor)) return;
    if (row) this.selectLines([cursor.r], layout.columns, "key");
    else if (column) this.selectLines(layout.steps, [cursor.c], "key");
    else this.toggle(cursor, "key");
  }
  /** Move on and leave selected what is, be it the cell that was left alone. */
  moveKeeping(cell) {
    const { board, layout, selection, cursor } = this.view;
    const here = board.at(cursor.r, cursor.c);
    if (!selection.count && this.isShown(cursor) && board.isWanted(layout.wanted, here)) selection.mark(here);
    this.select(cell, "key", { keep: true });
  }
  /** Move the cursor, as `move` does it; true if the key was one that moves. */
  goTo(key, move = (cell) => this.moveTo(cell)) {
    const { steps, customers } = this.view.layout;
    const page = Math.max(1, Math.floor((this.sheet.size.height - PX.clusters - PX.names) / PX.row) - 1);
    const { r, c } = this.view.cursor ?? { r: -1, c: -1 };
    const [row, column] = [(delta) => along(steps, r, delta), (delta) => along(customers, c, delta)];
    const moves = {
      ArrowUp: () => [row(-1), column(0)], ArrowDown: () => [row(1), column(0)],
      ArrowLeft: () => [row(0), column(-1)], ArrowRight: () => [row(0), column(1)],
      PageUp: () => [row(-page), column(0)], PageDown: () => [row(page), column(0)],
      Home: () => [row(0), customers[0]], End: () => [row(0), customers.at(-1)],
      start: () => [steps[0], customers[0]], finish: () => [steps.at(-1), customers.at(-1)],
    };
    if (!Object.hasOwn(moves, key ?? "")) return false;
    if (!steps.length || !customers.length) return true;
    const [toRow, toColumn] = moves[key]();
    move({ r: toRow, c: toColumn });
    return true;
  }
  moveTo({ r, c }) {
    const { cursor, selection } = this.view;
    if (cursor?.r !== r || cursor.c !== c || selection.count) this.select({ r, c }, "key");
  }
  /** Say a verb for the selected cell, if it can be seen and holds a step; a key held down says it once. */
  press(key, repeat = false, typed = "") {
    if (!Object.hasOwn(VERB_KEYS, key)) return false;
    const { cursor } = this.view;
    if (!cursor || repeat) return true;
    if (this.isMany()) return this.pressMany(VERB_KEYS[key]);
    const id = this.selectedId();
    const seen = this.sheet.slotOf(cursor.r, cursor.c);
    if (seen && id) this.bus.say({ type: "press", verb: VERB_KEYS[key], id, typed });
    else this.notPressed(id ? "The selected cell is collapsed or filtered out" : "There is no step in this cell");
    return true;
  }
  /** A verb for all that is selected asks first, always. */
  pressMany(verb) {
    if (BULK_VERBS.includes(verb)) this.bulk.open(verb);
    else this.tell("Several steps are selected, and this is for one: Escape selects one only.");
    return true;
  }
  notPressed(why) {
    this.tell(`${why}: nothing was done.`);
    this.dropKeys();
  }

  // -- keys pressed ahead, while a press is held or its verb is on its way
  /** Keep a key that must not overtake the press before it; true if it is taken. */
  keepKey(event, key) {
    const last = this.ahead.at(-1) ?? this.waiting;
    const plain = !event.ctrlKey && !event.metaKey;
    if (key === "Escape") this.letGo();
    else if (plain && last.typing && TYPED_KEY.test(event.key)) this.typeAhead(event.key);
    else if (!MOVES.includes(key) && key !== "j" && !(plain && Object.hasOwn(VERB_KEYS, key))) return false;
    else if (!event.repeat) this.keep({ key, extends: event.shiftKey && MOVES.includes(key) });
    return true;
  }
  keep({ key, extends: extended = false }) {
    if (this.ahead.length >= KEYS_AHEAD) return this.bus.say({ type: "dropped", keys: [key] });
    this.ahead.push({ key, extended, typing: TYPED_VERBS.includes(VERB_KEYS[key]), text: "" });
  }
  /** What is typed after "skip" is its reason, never a verb; the panel puts it into the field when that opens. */
  typeAhead(key) {
    const last = this.ahead.at(-1);
    if (last) last.text = typedOn(last.text, key);
    else this.bus.say({ type: "typed", id: this.waiting.id, key });
  }
  /** The press that was waited for has come to an end. */
  rest({ id, stored, step }) {
    if (step) this.take(step);
    if (id !== this.waiting?.id && id !== this.selectedId()) return;
    if (!stored) return this.dropKeys();
    this.waiting = null;
    while (this.ahead.length && !this.waiting) this.play(this.ahead.shift());
  }
  play({ key, text, extended }) {
    if (key === "j") this.goNext();
    else if (extended) this.goTo(key, (cell) => this.extendTo(cell, "key"));
    else if (!this.goTo(key)) this.press(key, false, text);
  }
  /** Know what was stored before its patch comes, so that "next" does not stop at it again. */
  take({ id, version, status }) {
    const { board } = this.view;
    const cell = board?.find(id);
    if (!cell) return;
    const flags = board.flags[board.at(cell.r, cell.c)] & ~CLAIMED;
    if (board.patch([cell.r, cell.c, id, version, STATUS.indexOf(status), flags], { newerOnly: true })) this.draw();
  }
  letGo() {
    const { id } = this.waiting;
    this.dropKeys();
    this.bus.say({ type: "let-go", id });
  }
  /** Forget the keys pressed ahead, and say so. */
  dropKeys() {
    this.waiting = null;
    const keys = this.ahead.splice(0).map(({ key, text }) => (text ? `${key} “${text}”` : key));
    if (keys.length) this.bus.say({ type: "dropped", keys });
  }
  act(key) {
    const { cursor, board } = this.view;
    const acts = {
      Enter: () => cursor && this.bus.say({ type: "focus-step" }),
      "?": () => this.toggleHelp(),
      "/": () => this.bar.query.focus(),
      Escape: () => this.escape(),
      x: () => cursor && this.toggleFold({ cluster: board.clusterOf(cursor.c).id }),
      v: () => cursor && this.toggleFold({ category: board.rows[cursor.r].category }),
      X: () => this.toggleAllClusters(),
      j: () => this.goNext(),
    };
    if (!Object.hasOwn(acts, key)) return false;
    acts[key]();
    if ("xvX".includes(key)) this.revealSelected();
    return true;
  }
  /** Close what was opened last, then let go of the selection. */
  escape() {
    if (this.help) this.toggleHelp(false);
    else if (this.bulk.verb) this.bulk.close();
    else if (this.view.selection.count) this.selectOne();
  }
}

export default {
  /** Draw the matrix of `model` into `root`; gives the function that takes it down again. */
  render({ model, el: root }) {
    const matrix = new Matrix(model, root);
    return () => matrix.close();
  },
};
