// The matrix: steps down, customers across. Only what is in view is in the document. What is selected and which verb
// key was pressed is said over the channel; the step panel beside it does the rest.
// Long, because a widget is one module: data, layout, drawing, top bar, help, keys and messages, in this order.

const NO_STEP = 255;
const [DONE, SKIPPED, FAILED] = ["done", "skipped", "failed"].map((status) => STATUS.indexOf(status));
const CATEGORY_LABEL = { deploy: "Deploy", verify: "Verify" };
const CATEGORIES = Object.keys(CATEGORY_LABEL);
const CLAIMED = 32;
const MARK_LABEL = {
  1: "overridden", 2: "custom", 4: "noted", 8: "template moved on", 16: "out of order",
  [CLAIMED]: "in progress by somebody else",
};
const MARKS = Object.entries(MARK_LABEL).map(([bit, label]) => [Number(bit), label]);
const VERB_KEYS = {
  d: "mark_done", s: "skip", f: "fail", r: "revert", o: "reopen", b: "start", c: "copy", n: "note",
};
/** After these the operator types: a reason, or a note. */
const TYPED_VERBS = ["skip", "fail", "revert", "reopen", "note"];
/** As many keys are kept while the step before them is being loaded or saved. */
const KEYS_AHEAD = 8;
/** Sizes in pixels; the ones the style sheet needs are handed to it as custom properties. */
const PX = {
  column: 38, folded: 64, cluster: 140, row: 30, band: 26, clusters: 28, names: 136,
  left: 260, narrowLeft: 150, clusterEdge: 42, gap: 7, bar: 72, cornerEdge: 22,
};
/** Rows and columns drawn around the view; none where the view alone takes this many cells. */
const OVERSCAN = 1;
const MANY_CELLS = 2000;
const SAVE_AFTER_MS = 300;
const FLASH_MS = 1200;

/** Boards and views by their `cells` value, so that a second render of one model keeps patches, scroll and folds. */
const remembered = new WeakMap();

// ---- data -----------------------------------------------------------------------------------------------------

/** Give total, closed, open and floored percentage of `counts` (steps per status code). */
function progressOf(counts) {
  const total = counts.reduce((sum, count) => sum + count, 0);
  const closed = counts[DONE] + counts[SKIPPED];
  return { counts, total, closed, open: total - closed, percentage: total ? Math.floor((100 * closed) / total) : null };
}

/** Counts per status for each of `size` things. */
class Tally {
  constructor(size) {
    this.counts = new Int32Array(size * STATUS.length);
  }
  add(index, status, by) {
    this.counts[index * STATUS.length + status] += by;
  }
  of(index) {
    return progressOf(this.counts.subarray(index * STATUS.length, (index + 1) * STATUS.length));
  }
}

/** All cells of one release and what is counted over them; the steps of held customers are not counted. */
class Board {
  constructor(head, bytes) {
    Object.assign(this, { release: head.release, clusters: head.clusters, customers: head.customers, rows: head.rows });
    const size = this.rows.length * this.customers.length;
    this.ids = new Uint32Array(bytes, 0, size);
    this.versions = new Uint32Array(bytes, 4 * size, size);
    this.status = new Uint8Array(bytes, 8 * size, size);
    this.flags = new Uint8Array(bytes, 9 * size, size);
    this.revision = 0;
    this.heldCustomers = this.customers.filter((customer) => customer.state === "held").length;
    this.numbers = numbersOf(this.rows);
    this.searched = this.customers.map((customer) => this.searchText(customer));
    this.tallyAll();
  }
  tallyAll() {
    const [rows, clusters] = [this.rows.length, this.clusters.length];
    this.ofRelease = new Tally(1);
    this.ofCategory = new Tally(CATEGORIES.length);
    this.ofCluster = new Tally(clusters);
    this.ofRow = new Tally(rows);
    this.ofRowInCluster = new Tally(rows * clusters);
    this.ofCustomer = new Tally(this.customers.length);
    for (let r = 0; r < rows; r++) for (let c = 0; c < this.customers.length; c++) this.tally(r, c, 1);
  }
  tally(r, c, by) {
    const status = this.status[this.at(r, c)];
    if (status === NO_STEP) return;
    this.ofCustomer.add(c, status, by);
    const customer = this.customers[c];
    if (customer.state === "held") return;
    this.ofRelease.add(0, status, by);
    this.ofCategory.add(CATEGORIES.indexOf(this.rows[r].category), status, by);
    this.ofCluster.add(customer.cluster, status, by);
    this.ofRow.add(r, status, by);
    this.ofRowInCluster.add(r * this.clusters.length + customer.cluster, status, by);
  }
  at(r, c) {
    return r * this.customers.length + c;
  }
  isOpen(r, c) {
    const status = this.status[this.at(r, c)];
    return status !== NO_STEP && status !== DONE && status !== SKIPPED && this.customers[c].state !== "held";
  }
  /** Whether "next" stops here: what somebody else has in progress is passed over, what failed is not. */
  isNext(r, c) {
    return this.isOpen(r, c) && !(this.flags[this.at(r, c)] & CLAIMED);
  }
  clusterOf(c) {
    return this.clusters[this.customers[c].cluster];
  }
  searchText(customer) {
    const cluster = this.clusters[customer.cluster].name;
    return `${customer.name}\n${cluster}/${customer.namespace}`.toLowerCase();
  }
  /** Where the step `id` is as {r, c}, or null. */
  find(id) {
    const at = id ? this.ids.indexOf(id) : -1;
    const across = this.customers.length;
    return at < 0 ? null : { r: Math.floor(at / across), c: at % across };
  }
  /** Whether a patched cell looks different from what is known. */
  differs([r, c, id, , status, flags]) {
    const at = this.at(r, c);
    return this.ids[at] !== id || this.status[at] !== status || this.flags[at] !== flags;
  }
  /** Take one patched cell; false for one that is out of range or older than what is known. */
  patch([r, c, id, version, status, flags], { newerOnly = false } = {}) {
    if (!(r >= 0 && r < this.rows.length && c >= 0 && c < this.customers.length)) return false;
    const at = this.at(r, c);
    if (this.ids[at] === id && version < this.versions[at] + Number(newerOnly)) return false;
    this.tally(r, c, -1);
    this.ids[at] = id;
    this.versions[at] = version;
    this.status[at] = status;
    this.flags[at] = flags;
    this.tally(r, c, 1);
    this.revision++;
    return true;
  }
  /** Take over what `before` knows better: cells sent again after a lost connection are as old as the page. */
  keepNewer(before) {
    const rows = this.rows.map((row) => before.rows.findIndex((old) => old.key === row.key));
    const places = new Map(before.customers.map((customer, c) => [customer.id, c]));
    const columns = this.customers.map((customer) => places.get(customer.id) ?? -1);
    rows.forEach((oldRow, r) => columns.forEach((oldColumn, c) => {
      if (oldRow < 0 || oldColumn < 0) return;
      const old = before.at(oldRow, oldColumn);
      const id = before.ids[old];
      if (id !== this.ids[this.at(r, c)]) return;
      this.patch([r, c, id, before.versions[old], before.status[old], before.flags[old]], { newerOnly: true });
    }));
  }
  /** The words for one cell: its status, its marks, whether its customer is held. */
  words(r, c) {
    const at = this.at(r, c);
    const held = this.customers[c].state === "held" ? ["customer held"] : [];
    if (this.status[at] === NO_STEP) return ["no step", ...held];
    const marks = MARKS.filter(([bit]) => this.flags[at] & bit).map(([, label]) => label);
    const claimed = this.flags[at] & CLAIMED; // its words say the status too
    return [...(claimed ? [] : [STATUS_LABEL[STATUS[this.status[at]]]]), ...marks, ...held];
  }
}

/** Position of each row in its category, from 1; a custom row has none, it shares its neighbour's place. */
function numbersOf(rows) {
  const next = Object.fromEntries(CATEGORIES.map((category) => [category, 1]));
  return rows.map((row) => (row.template_id === null ? null : next[row.category]++));
}

/** A board of the model's present traits, or null as long as they do not fit each other. */
function readBoard(model) {
  const [head, cells] = [model.get("head"), model.get("cells")];
  if (!head?.rows || !cells) return null;
  const known = remembered.get(cells);
  if (known?.head === head) return known.board;
  const view = ArrayBuffer.isView(cells) ? cells : new Uint8Array(cells);
  if (view.byteLength !== head.rows.length * head.customers.length * 10) return null;
  const bytes = view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength);
  const board = new Board(head, bytes);
  remembered.set(cells, { head, board, view: null });
  return board;
}

// ---- layout: which columns and rows there are, and where ------------------------------------------------------

/** Index of the first value of ascending `list` that is not below `value`. */
function lowerBound(list, value) {
  let [low, high] = [0, list.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (list[middle] < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** First and last index of what lies between `from` and `to`, given ascending starts, with a little around it. */
function span(starts, count, from, to, around) {
  const first = Math.max(0, lowerBound(starts, from + 1) - 1 - around);
  const last = Math.min(count - 1, lowerBound(starts, to) - 1 + around);
  return [first, last];
}

/** Customers and rows a query leaves. Each word narrows the customers; one that fits no customer narrows the steps. */
function search(board, query) {
  let customers = board.customers.map((_, c) => c);
  let rows = board.rows.map((_, r) => r);
  for (const word of query.toLowerCase().split(/\s+/).filter(Boolean)) {
    const fitting = customers.filter((c) => board.searched[c].includes(word));
    if (fitting.length) customers = fitting;
    else rows = rows.filter((r) => board.rows[r].name.toLowerCase().includes(word));
  }
  return { customers, rows };
}

/**
 * Columns from left to right: a customer's index, or ~index of a cluster that is folded into one column.
 * A cluster of few customers gets room beside them, so that its name can be read.
 */
function layColumns(board, customers, folded) {
  const columns = [];
  const groups = [];
  let x = 0;
  const starts = [];
  for (const c of customers) {
    const k = board.customers[c].cluster;
    let group = groups.at(-1);
    const isFolded = folded.has(board.clusters[k].id);
    if (group?.k !== k) {
      x = group ? group.x + group.width : 0;
      group = { k, x, width: isFolded ? PX.folded : PX.cluster, first: columns.length, count: 0, folded: isFolded };
      groups.push(group);
    } else if (isFolded) continue;
    const width = isFolded ? PX.folded : PX.column;
    starts.push(x);
    columns.push(isFolded ? ~k : c);
    group.count++;
    x += width;
    group.width = Math.max(group.width, x - group.x);
  }
  const last = groups.at(-1);
  return { columns, groups, starts, width: last ? last.x + last.width : 0 };
}

/** Rows from top to bottom, each category under a band that stays when it is folded. */
function layRows(board, rows, folded) {
  const [steps, bands, tops] = [[], [], []];
  let y = 0;
  for (const category of CATEGORIES) {
    const members = rows.filter((r) => board.rows[r].category === category);
    if (!members.length) continue;
    const isFolded = folded.has(category);
    bands.push({ category, y, folded: isFolded, before: steps.length });
    y += PX.band;
    for (const r of isFolded ? [] : members) {
      steps.push(r);
      tops.push(y);
      y += PX.row;
    }
  }
  return { steps, bands, tops, height: y };
}

let layouts = 0;

/** Everything about places: rebuilt when the board, the folds or the filter change, never for a patch. */
function layOut(board, folded, query) {
  const found = search(board, query);
  const [across, down] = [layColumns(board, found.customers, folded), layRows(board, found.rows, folded)];
  const layout = { stamp: ++layouts, found, ...across, ...down };
  layout.columnOf = new Int32Array(board.customers.length).fill(-1);
  layout.columns.forEach((c, v) => { if (c >= 0) layout.columnOf[c] = v; });
  layout.placeOf = new Int32Array(board.rows.length).fill(-1);
  layout.steps.forEach((r, i) => { layout.placeOf[r] = i; });
  layout.customers = layout.columns.filter((c) => c >= 0);
  layout.empty = !found.customers.length || !found.rows.length;
  return layout;
}

/** From `value` by `delta` along an ascending list of what is shown; a hidden value goes to its shown neighbour. */
function along(list, value, delta) {
  const at = lowerBound(list, value);
  const hidden = list[at] !== value;
  const to = at + delta - (hidden && delta > 0 ? 1 : 0);
  return list[Math.max(0, Math.min(list.length - 1, to))];
}

/** The next shown open cell that nobody else is at: down the customer's column, then column by column, at last round to the beginning. */
function nextOpen(board, { steps, customers }, cursor) {
  const firstIn = (c, below = -1) => {
    const r = steps.find((row) => row > below && board.isNext(row, c));
    return r === undefined ? null : { r, c };
  };
  const start = cursor ? lowerBound(customers, cursor.c) : 0;
  const here = cursor && customers[start] === cursor.c ? firstIn(cursor.c, cursor.r) : null;
  if (here) return here;
  const after = cursor && customers[start] === cursor.c ? start + 1 : start;
  for (const c of [...customers.slice(after), ...customers.slice(0, after)]) {
    const cell = firstIn(c);
    if (cell) return cell;
  }
  return null;
}

// ---- drawing --------------------------------------------------------------------------------------------------

/** Statuses from what is closed to what is open, as they stand beside each other in a bar. */
const BAR_ORDER = ["done", "skipped", "in_progress", "reverted", "failed"].map((status) => STATUS.indexOf(status));

/** A bar of the shares of each status as one background; what is pending stays bare. */
function bar({ counts, total }) {
  const parts = [];
  let share = 0;
  for (const status of BAR_ORDER) {
    if (!counts[status]) continue;
    const to = share + (100 * counts[status]) / total;
    parts.push(`var(--ro-${STATUS[status]}) ${share.toFixed(2)}% ${to.toFixed(2)}%`);
    share = to;
  }
  return `linear-gradient(90deg, ${[...parts, `var(--ro-bar-rest) ${share.toFixed(2)}%`].join(", ")})`;
}

const figure = new Intl.NumberFormat("en").format;

/** "12 of 40 done or skipped, 30 %" */
function progressWords({ closed, total, percentage }) {
  return total ? `${figure(closed)} of ${figure(total)} done or skipped, ${percentage} %` : "no steps";
}

/** "12 open of 40: 28 done, 2 failed, 10 pending" */
function countWords({ counts, open, total }) {
  const parts = STATUS.map((status, code) => counts[code] && `${figure(counts[code])} ${STATUS_LABEL[status]}`);
  return total ? `${figure(open)} open of ${figure(total)}: ${parts.filter(Boolean).join(", ")}` : "no steps";
}

/** "30 % · 12 of 40" */
const shareWords = (progress) => `${percent(progress)} · ${figure(progress.closed)} of ${figure(progress.total)}`;
const percent = ({ percentage }) => (percentage === null ? "–" : `${percentage} %`);

/** The shape of a status as an image: one element per cell instead of three, and no mask, which is slow to paint. */
function shapeImage(status, colour) {
  const svg =
    `<svg xmlns="${SVG}" viewBox="0 0 16 16"><path d="${STATUS_SHAPE[status]}" fill="none" stroke="${colour}" ` +
    `stroke-width="1.8" stroke-linecap="round" stroke-linejoin="round"/></svg>`;
  return `url("data:image/svg+xml,${encodeURIComponent(svg)}")`;
}

/** Hand the shapes to the style sheet, in the colours `node` inherits: an image cannot take them by itself. */
function paintShapes(node) {
  const style = getComputedStyle(node);
  for (const status of STATUS) {
    const colour = style.getPropertyValue(`--ro-${status}`).trim() || "gray";
    node.style.setProperty(`--ro-shape-${status}`, shapeImage(status, colour));
  }
}

const LOOK = { column: 1 << 16, selected: 1 << 17, held: 1 << 18, first: 1 << 19 };
const classes = new Map();

/** The classes of a cell that looks like `look`: status, flags << 8, and the bits of LOOK. */
function cellClass(look) {
  if (!classes.has(look)) classes.set(look, spellClass(look));
  return classes.get(look);
}

function spellClass(look) {
  const status = look & 255;
  const names = ["ro-cell", status === NO_STEP ? "ro-none" : `ro-is-${STATUS[status]}`];
  const marks = status === NO_STEP ? [] : MARKS.filter(([bit]) => (look >> 8) & bit);
  names.push(...marks.map(([bit]) => `ro-mark-${bit}`), ...(marks.length ? ["ro-marked"] : []));
  for (const [name, bit] of Object.entries(LOOK)) if (look & bit) names.push(`ro-at-${name}`);
  return names.join(" ");
}

/** `text`, or its beginning and end around an ellipsis so that `widthOf` it is at most `room`. */
function cutMiddle(text, widthOf, room) {
  let shown = text;
  for (let kept = text.length - 1; kept > 4 && widthOf(shown) > room; kept--) {
    shown = `${text.slice(0, kept >> 1)}…${text.slice((kept >> 1) - kept)}`;
  }
  return shown;
}

const canvas = document.createElement("canvas").getContext("2d");

/** A function that gives the width in pixels of a text as `node` shows it at `weight` and `size` pixels. */
function rulerOf(node, weight, size) {
  return (text) => {
    canvas.font = `${weight} ${size}px ${getComputedStyle(node).fontFamily}`;
    return canvas.measureText(text).width;
  };
}

/** Give each slot of a ring the one index of first..last that falls on it, or -1: scrolling by one rewrites one. */
function eachSlot(slots, first, last, show) {
  const size = slots.length;
  slots.forEach((slot, s) => {
    const index = first + ((((s - first) % size) + size) % size);
    show(slot, index <= last ? index : -1);
  });
}

/** Set `text` where it differs: no needless layout. */
function write(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** Show or hide `node`, touching it only where that changes something. */
function show(node, shown) {
  if (node.hidden === shown) node.hidden = !shown;
}

function foldButton() {
  return el("button", { class: "ro-fold", type: "button", tabindex: -1 });
}

function setFold(button, folded, what) {
  button.setAttribute("aria-expanded", String(!folded));
  button.setAttribute("aria-label", `${folded ? "Expand" : "Collapse"} ${what}`);
  button.title = `${folded ? "Expand" : "Collapse"} ${what}`;
}

/** The grid itself: pools of elements that are bound to whatever is in view. `view` is the widget's one state. */
class Sheet {
  constructor(view) {
    this.view = view;
    this.left = PX.left;
    this.scroll = { left: 0, top: 0 };
    this.size = { width: 0, height: 0 };
    this.rows = [];
    this.heads = [];
    this.groups = [];
    this.slots = new WeakMap();
    this.folds = new WeakMap();
    this.fitted = new Map();
    this.stop = null;
    this.build();
  }
  build() {
    this.corner = new Corner();
    this.clusterRow = el("div", { class: "ro-clusters", role: "row", "aria-rowindex": 1 }, this.corner.node);
    this.nameRow = el("div", { class: "ro-names", role: "row", "aria-rowindex": 2 });
    this.bands = CATEGORIES.map(() => this.newBand());
    this.pin = this.newRow(1);
    this.pin.node.classList.add("ro-pin");
    this.head = el("div", { class: "ro-head", role: "rowgroup" }, this.clusterRow, this.nameRow);
    this.body = el("div", { class: "ro-body", role: "rowgroup" }, this.bands.map((band) => band.node), this.pin.node);
    this.canvas = el("div", { class: "ro-canvas", role: "presentation" }, this.head, this.body);
    this.node = el("div", { class: "ro-scroll", role: "grid", tabindex: -1, "data-relorch-scroll": true }, this.canvas);
  }
  newRow(cells = 0) {
    const parts = {
      number: el("span", { class: "ro-number" }),
      name: el("span", { class: "ro-name" }),
      type: el("span", { class: "ro-type" }),
    };
    const head = el("div", { class: "ro-row-head", role: "rowheader", "aria-colindex": 1 }, Object.values(parts));
    const row = { node: el("div", { class: "ro-row", role: "row" }, head), head, parts, cells: [], key: "" };
    while (row.cells.length < cells) this.addCell(row);
    return row;
  }
  addCell(row) {
    const slot = { node: el("div", { role: "gridcell", tabindex: -1 }), at: -1, look: -1, stamp: 0, r: -1, c: -1 };
    this.slots.set(slot.node, slot);
    row.cells.push(slot);
    row.node.append(slot.node);
  }
  newBand() {
    const parts = { fold: foldButton(), name: el("strong"), bar: el("span", { class: "ro-bar" }), words: el("span") };
    const head = el("div", { class: "ro-band-head", role: "rowheader", "aria-colindex": 1 }, Object.values(parts));
    return { node: el("div", { class: "ro-band", role: "row" }, head), head, parts };
  }
  newHead() {
    const parts = { first: el("b"), second: el("span") };
    const names = el("div", { class: "ro-customer-names" }, Object.values(parts));
    const node = el("div", { class: "ro-customer", role: "columnheader" }, names);
    this.nameRow.append(node);
    return { node, parts, key: "" };
  }
  newGroup() {
    const parts = { fold: foldButton(), name: el("strong"), bar: el("span", { class: "ro-bar" }), words: el("span") };
    const label = el("div", { class: "ro-cluster-label" }, Object.values(parts));
    const node = el("div", { class: "ro-cluster", role: "columnheader" }, label);
    this.clusterRow.append(node);
    return { node, parts };
  }

  /** Take the sizes of the scrolling element; true if something of it changed. */
  measure() {
    const { clientWidth: width, clientHeight: height } = this.node;
    if (width === this.size.width && height === this.size.height) return false;
    this.size = { width, height };
    this.left = width && width < 560 ? PX.narrowLeft : PX.left;
    this.node.style.setProperty("--ro-left", `${this.left}px`);
    return true;
  }
  /** Take over a new layout: sizes and counts of the whole, folded or filtered as it may be. */
  arrange() {
    const { board, layout } = this.view;
    this.canvas.style.width = `max(100%, ${this.left + layout.width}px)`;
    this.body.style.height = `${layout.height}px`;
    this.node.setAttribute("aria-label", `Steps of release ${board.release.name} by customer`);
    this.node.setAttribute("aria-rowcount", String(2 + layout.bands.length + layout.steps.length));
    this.node.setAttribute("aria-colcount", String(1 + layout.columns.length));
  }
  resizePools() {
    const wide = Math.ceil((this.size.width - this.left) / PX.column) + 1;
    const high = Math.ceil((this.size.height - PX.clusters - PX.names) / PX.row) + 1;
    this.around = wide * high > MANY_CELLS ? 0 : OVERSCAN;
    const [across, down] = [wide + 2 * this.around, high + 2 * this.around];
    while (this.heads.length < across) this.heads.push(this.newHead());
    while (this.rows.length < down) {
      this.rows.push(this.newRow());
      this.body.append(this.rows.at(-1).node);
    }
    for (const row of this.rows) while (row.cells.length < across) this.addCell(row);
    while (this.heads.length > across) this.heads.pop().node.remove();
    while (this.rows.length > down) this.rows.pop().node.remove();
    for (const row of this.rows) while (row.cells.length > across) row.cells.pop().node.remove();
  }

  /** Bring what is in view up to date. Cheap to call: only what differs is touched. */
  draw() {
    const { layout } = this.view;
    if (!this.size.width) return;
    this.resizePools();
    this.scroll = { left: this.node.scrollLeft, top: this.node.scrollTop };
    const { left, top } = this.scroll;
    const wide = this.size.width - this.left;
    const high = this.size.height - PX.clusters - PX.names;
    this.across = span(layout.starts, layout.columns.length, left, left + wide, this.around);
    this.down = span(layout.tops, layout.steps.length, top, top + high, this.around);
    const hadFocus = this.holdsFocus();
    this.drawGroups(left, left + wide);
    eachSlot(this.heads, ...this.across, (head, v) => this.drawHead(head, v));
    this.bands.forEach((band, i) => this.drawBand(band, layout.bands[i]));
    eachSlot(this.rows, ...this.down, (row, i) => this.drawRow(row, i));
    this.drawPin();
    this.corner.draw(this.view, (text, weight, size) => this.fit(text, weight, size, this.left - PX.cornerEdge));
    this.moveStop(hadFocus);
  }
  drawGroups(from, to) {
    const inView = this.view.layout.groups.filter((group) => group.x < to + 200 && group.x + group.width > from - 200);
    while (this.groups.length < inView.length) this.groups.push(this.newGroup());
    this.groups.forEach((head, i) => this.drawGroup(head, inView[i]));
  }
  drawGroup(head, group) {
    const { board, layout } = this.view;
    const { node, parts } = head;
    show(node, Boolean(group));
    const key = group && `${layout.stamp} ${group.k} ${board.revision}`;
    if (!group || head.key === key) return;
    head.key = key;
    const cluster = board.clusters[group.k];
    const progress = board.ofCluster.of(group.k);
    node.style.left = `${this.left + group.x}px`;
    node.style.width = `${group.width}px`;
    node.className = `ro-cluster${group.x ? " ro-at-first" : ""}${group.folded ? " ro-tiny" : ""}`;
    node.setAttribute("aria-colindex", String(group.first + 2));
    node.setAttribute("aria-colspan", String(group.count));
    node.setAttribute("aria-label", `Cluster ${cluster.name}, ${progressWords(progress)}`);
    node.title = `${cluster.name}: ${countWords(progress)}`;
    write(parts.words, group.folded ? percent(progress) : shareWords(progress));
    this.fitGroup(head, group, cluster.name);
    parts.bar.style.background = bar(progress);
    setFold(parts.fold, group.folded, `cluster ${cluster.name}`);
    this.folds.set(parts.fold, { cluster: cluster.id });
  }
  /** The name comes first: words and bar are there only where the whole name leaves them room. */
  fitGroup({ parts }, group, name) {
    const room = group.width - PX.clusterEdge;
    const [nameWidth, wordsWidth] = [rulerOf(this.node, 700, 13)(name), rulerOf(this.node, 400, 12)(parts.words.textContent)];
    const withWords = nameWidth + PX.gap + wordsWidth <= room;
    write(parts.name, this.fit(name, 700, 13, room));
    show(parts.name, !group.folded);
    show(parts.words, group.folded || withWords);
    show(parts.bar, !group.folded && withWords && nameWidth + wordsWidth + PX.bar + 2 * PX.gap <= room);
  }
  drawHead(head, v) {
    show(head.node, v >= 0);
    if (v < 0) return;
    const { board, layout, cursor } = this.view;
    const c = layout.columns[v];
    const key = `${layout.stamp} ${v} ${board.revision} ${cursor?.c === c}`;
    if (head.key === key) return;
    head.key = key;
    head.node.style.left = `${this.left + layout.starts[v]}px`;
    head.node.setAttribute("aria-colindex", String(v + 2));
    const first = this.isFirst(v) ? " ro-at-first" : "";
    if (c < 0) this.drawFoldedHead(head, ~c, first);
    else this.drawCustomerHead(head, c, first);
  }
  drawCustomerHead({ node, parts }, c, first) {
    const { board, cursor } = this.view;
    const customer = board.customers[c];
    const held = customer.state === "held";
    const progress = board.ofCustomer.of(c);
    node.className = `ro-customer${held ? " ro-held" : ""}${first}${cursor?.c === c ? " ro-chosen" : ""}`;
    write(parts.first, this.fit(customer.namespace, cursor?.c === c ? 700 : 500));
    write(parts.second, held ? `held · ${customer.name}` : customer.name);
    node.style.setProperty("--ro-share", bar(progress));
    const where = `${board.clusterOf(c).name}/${customer.namespace}`;
    node.setAttribute("aria-label", `${customer.name}, ${where}${held ? ", held" : ""}`);
    node.title = `${where}\n${customer.name}${held ? "\nheld: no step can be changed" : ""}\n${countWords(progress)}`;
    this.folds.delete(node);
  }
  /** A name cut in the middle until it fits: the end, "-prod" or "-2", must not be what is lost. */
  fit(text, weight, size = 12, room = PX.names - 14) {
    const key = `${weight} ${size} ${room} ${text}`;
    if (!this.fitted.has(key)) this.fitted.set(key, cutMiddle(text, rulerOf(this.node, weight, size), room));
    return this.fitted.get(key);
  }
  drawFoldedHead({ node, parts }, k, first) {
    const { board } = this.view;
    const cluster = board.clusters[k];
    const size = board.customers.filter((customer) => customer.cluster === k).length;
    node.className = `ro-customer ro-folded-head${first}`;
    write(parts.first, this.fit(cluster.name, 500));
    write(parts.second, `open of ${size}`);
    node.style.setProperty("--ro-share", bar(board.ofCluster.of(k)));
    node.setAttribute("aria-label", `${cluster.name}, collapsed, ${size} customers`);
    node.title = `${cluster.name}: click to expand`;
    this.folds.set(node, { cluster: cluster.id });
  }
  drawBand(strip, band) {
    const { board, layout } = this.view;
    const { node, head, parts } = strip;
    show(node, Boolean(band));
    const key = band && `${layout.stamp} ${board.revision}`;
    if (!band || strip.key === key) return;
    strip.key = key;
    const progress = board.ofCategory.of(CATEGORIES.indexOf(band.category));
    const label = CATEGORY_LABEL[band.category];
    node.style.top = `${band.y}px`;
    node.setAttribute("aria-rowindex", String(3 + layout.bands.indexOf(band) + band.before));
    head.setAttribute("aria-colspan", String(layout.columns.length + 1));
    head.setAttribute("aria-label", `${label}, ${progressWords(progress)}`);
    head.title = countWords(progress);
    write(parts.name, label);
    write(parts.words, shareWords(progress));
    parts.bar.style.background = bar(progress);
    setFold(parts.fold, band.folded, label);
    this.folds.set(parts.fold, { category: band.category });
  }
  drawRow(row, i) {
    show(row.node, i >= 0);
    if (i < 0) return;
    const r = this.view.layout.steps[i];
    this.placeRow(row, r, i);
    eachSlot(row.cells, ...this.across, (slot, v) => this.drawCell(slot, r, v));
  }
  placeRow(row, r, i) {
    const { board, layout, cursor } = this.view;
    const chosen = cursor?.r === r;
    const key = `${layout.stamp} ${r} ${board.revision} ${chosen}`;
    if (row.key === key) return;
    row.key = key;
    row.node.style.top = `${layout.tops[i]}px`;
    row.node.classList.toggle("ro-chosen", chosen);
    const bandsAbove = layout.bands.filter((band) => band.before <= i).length;
    row.node.setAttribute("aria-rowindex", String(3 + i + bandsAbove));
    this.drawRowHead(row, r);
  }
  drawRowHead({ head, parts }, r) {
    const { board } = this.view;
    const row = board.rows[r];
    const progress = board.ofRow.of(r);
    const custom = row.template_id === null;
    write(parts.number, custom ? "+" : String(board.numbers[r]));
    write(parts.name, row.name);
    write(parts.type, row.type);
    parts.type.className = `ro-type ro-type-${row.type}`;
    head.style.setProperty("--ro-share", bar(progress));
    head.classList.toggle("ro-required", Boolean(row.required));
    const kind = [row.type, custom ? "custom" : null, row.required ? "required" : null].filter(Boolean).join(", ");
    const name = custom ? row.name : `${board.numbers[r]}. ${row.name}`;
    head.setAttribute("aria-label", `${name}, ${kind}, ${progressWords(progress)}`);
    head.title = `${row.name}\n${kind}${row.required ? ": cannot be skipped" : ""}\n${countWords(progress)}`;
  }
  drawCell(slot, r, v) {
    show(slot.node, v >= 0);
    if (v < 0) return;
    const c = this.view.layout.columns[v];
    if (c < 0) this.drawFolded(slot, r, ~c, v);
    else this.drawStep(slot, r, c, v);
  }
  drawStep(slot, r, c, v) {
    const { board, layout, cursor } = this.view;
    const at = board.at(r, c);
    const place = cursor?.c !== c ? 0 : LOOK.column | (cursor.r === r ? LOOK.selected : 0);
    const look = this.lookOf(at, c, v) | place;
    const moved = slot.at !== at || slot.stamp !== layout.stamp;
    if (!moved && slot.look === look) return;
    if (moved) this.placeCell(slot, at, r, c, v);
    slot.look = look;
    slot.node.className = cellClass(look);
    slot.node.setAttribute("aria-selected", String(Boolean(look & LOOK.selected)));
    const words = board.words(r, c).join(", ");
    slot.node.setAttribute("aria-label", `${board.rows[r].name}, ${board.customers[c].name}: ${words}`);
    slot.node.removeAttribute("title");
  }
  lookOf(at, c, v) {
    const { board } = this.view;
    const held = board.customers[c].state === "held" ? LOOK.held : 0;
    return board.status[at] | (board.flags[at] << 8) | held | (this.isFirst(v) ? LOOK.first : 0);
  }
  /** Whether column `v` begins a cluster; the leftmost needs no line, the step names' edge is one. */
  isFirst(v) {
    const { board, layout } = this.view;
    const [before, c] = [layout.columns[v - 1], layout.columns[v]];
    return v > 0 && (before < 0 || c < 0 || board.customers[before].cluster !== board.customers[c].cluster);
  }
  placeCell(slot, at, r, c, v) {
    const { layout } = this.view;
    Object.assign(slot, { at, r, c, stamp: layout.stamp });
    slot.flash?.cancel();
    slot.node.style.left = `${this.left + layout.starts[v]}px`;
    slot.node.setAttribute("aria-colindex", String(v + 2));
    if (c < 0 || !slot.node.firstChild) return;
    slot.node.textContent = "";
    slot.node.style.removeProperty("--ro-share");
  }
  drawFolded(slot, r, k, v) {
    const { board, layout } = this.view;
    const at = -2 - (r * board.clusters.length + k);
    if (slot.at === at && slot.look === board.revision && slot.stamp === layout.stamp) return;
    this.placeCell(slot, at, r, -1, v);
    slot.look = board.revision;
    const progress = board.ofRowInCluster.of(r * board.clusters.length + k);
    const failed = progress.counts[FAILED] ? " ro-has-failed" : "";
    const state = progress.open ? failed : " ro-all-closed";
    slot.node.className = `ro-cell ro-folded${state}${this.isFirst(v) ? " ro-at-first" : ""}`;
    slot.node.style.setProperty("--ro-share", progress.total ? bar(progress) : "none");
    write(slot.node, progress.total ? String(progress.open) : "");
    slot.node.removeAttribute("aria-selected");
    const [name, cluster] = [board.rows[r].name, board.clusters[k].name];
    slot.node.setAttribute("aria-label", `${name}, cluster ${cluster}: ${countWords(progress)}`);
    slot.node.title = `${cluster}, ${name}\n${countWords(progress)}\nclick to expand`;
    this.folds.set(slot.node, { cluster: board.clusters[k].id });
  }
  /** The selected cell stays in the document, and in the tab order, when it is scrolled out of view. */
  drawPin() {
    const { layout, cursor } = this.view;
    const v = cursor ? layout.columnOf[cursor.c] : -1;
    const i = cursor ? layout.placeOf[cursor.r] : -1;
    const pinned = v >= 0 && i >= 0 && !this.isDrawn(i, v);
    show(this.pin.node, pinned);
    if (!pinned) return;
    this.placeRow(this.pin, cursor.r, i);
    this.drawCell(this.pin.cells[0], cursor.r, v);
  }
  isDrawn(i, v) {
    return i >= this.down[0] && i <= this.down[1] && v >= this.across[0] && v <= this.across[1];
  }
  /** The slot that shows a cell, or null when it is not in the document. */
  slotOf(r, c) {
    const [i, v] = [this.view.layout.placeOf[r], this.view.layout.columnOf[c]];
    if (i < 0 || v < 0) return null;
    if (this.across && this.isDrawn(i, v)) return this.rows[i % this.rows.length].cells[v % this.heads.length];
    const pinned = this.pin.cells[0];
    return !this.pin.node.hidden && pinned.r === r && pinned.c === c ? pinned : null;
  }
  holdsFocus() {
    return this.node.contains(this.node.getRootNode().activeElement);
  }
  /** One tab stop: the selected cell, else the first one in view, else the grid itself. */
  moveStop(hadFocus) {
    const { cursor } = this.view;
    const selected = cursor && this.slotOf(cursor.r, cursor.c);
    const stop = (selected ?? this.firstInView())?.node ?? this.node;
    if (this.stop !== stop) {
      this.stop?.setAttribute("tabindex", "-1");
      stop.setAttribute("tabindex", "0");
      this.stop = stop;
    }
    if (hadFocus) this.focus(selected ? stop : this.node);
  }
  firstInView() {
    const { layout } = this.view;
    const v = layout.columns.findIndex((c, index) => c >= 0 && layout.starts[index] >= this.scroll.left);
    const i = layout.tops.findIndex((top) => top >= this.scroll.top);
    return v < 0 || i < 0 ? null : this.slotOf(layout.steps[i], layout.columns[v]);
  }
  focus(node) {
    if (this.node.getRootNode().activeElement === node) return;
    this.focusing = true;
    node.focus({ preventScroll: true });
    this.focusing = false;
  }
  /** Scroll just so far that a cell and its neighbours can be seen beside the sticky headers. */
  reveal(r, c) {
    const [i, v] = [this.view.layout.placeOf[r], this.view.layout.columnOf[c]];
    if (i < 0 || v < 0 || !this.size.width) return;
    const { starts, tops } = this.view.layout;
    const wide = this.size.width - this.left;
    const high = this.size.height - PX.clusters - PX.names;
    const left = brought(this.node.scrollLeft, wide, starts[v], PX.column);
    const top = brought(this.node.scrollTop, high, tops[i], PX.row);
    if (left !== this.node.scrollLeft) this.node.scrollLeft = left;
    if (top !== this.node.scrollTop) this.node.scrollTop = top;
  }
  /** Let the eye find what somebody else changed. */
  flash(r, c) {
    const slot = this.slotOf(r, c);
    if (!slot || matchMedia("(prefers-reduced-motion: reduce)").matches) return;
    slot.flash?.cancel();
    const [from, to] = ["inset 0 0 0 3px var(--ro-accent)", "inset 0 0 0 3px transparent"];
    const frames = [{ boxShadow: from }, { boxShadow: from, offset: 0.3 }, { boxShadow: to }];
    slot.flash = slot.node.animate(frames, FLASH_MS);
  }
}

/** The scroll offset that shows `start` .. `start + size`, and one more of its kind on either side if there is room. */
function brought(offset, room, start, size) {
  const around = room > 4 * size ? size : 0;
  if (start - around < offset) return Math.max(0, start - around);
  return Math.max(offset, start + size + around - room);
}

/** Top left: in plain horizontal words where one is, the surest guard against the wrong customer. */
class Corner {
  constructor() {
    this.lines = { cluster: el("span"), namespace: el("b"), customer: el("span"), step: el("span"), state: el("span") };
    for (const [name, line] of Object.entries(this.lines)) line.className = `ro-corner-${name}`;
    this.words = el("div", { class: "ro-corner-words", "aria-hidden": "true" }, Object.values(this.lines));
    const spans = { "aria-rowspan": 2, "aria-colindex": 1 };
    this.node = el("div", { class: "ro-corner", role: "columnheader", "aria-label": "Step", ...spans }, this.words);
  }
  /** `fit` cuts a text in the middle to the width of the corner. */
  draw(view, fit) {
    const { board, layout, cursor } = view;
    const key = `${layout.stamp} ${board.revision} ${cursor?.r} ${cursor?.c}`;
    if (this.key === key) return;
    this.key = key;
    if (cursor) this.drawCell(view, cursor, fit);
    else this.drawHint();
  }
  drawHint() {
    for (const line of Object.values(this.lines)) line.replaceChildren();
    this.lines.customer.textContent = "Nothing selected";
    this.lines.state.textContent = "Click a cell; ? shows the keys";
  }
  hiddenWords({ layout }, { r, c }) {
    if (layout.columnOf[c] >= 0 && layout.placeOf[r] >= 0) return [];
    const found = layout.found.customers.includes(c) && layout.found.rows.includes(r);
    return [found ? "collapsed" : "filtered out"];
  }
  drawCell(view, { r, c }, fit) {
    const { board } = view;
    const customer = board.customers[c];
    const status = STATUS[board.status[board.at(r, c)]];
    const number = board.numbers[r] === null ? "+" : board.numbers[r];
    write(this.lines.cluster, fit(board.clusterOf(c).name, 400, 12));
    write(this.lines.namespace, fit(customer.namespace, 700, 17));
    write(this.lines.customer, customer.name);
    write(this.lines.step, `${number}  ${board.rows[r].name}`);
    const words = el("span", {}, [...board.words(r, c), ...this.hiddenWords(view, { r, c })].join(", "));
    this.lines.state.replaceChildren(...(status ? [statusIcon(status)] : []), words);
    for (const line of Object.values(this.lines)) line.title = line.textContent;
    this.lines.cluster.title = board.clusterOf(c).name;
    this.lines.namespace.title = customer.namespace;
  }
}

// ---- top bar and help -----------------------------------------------------------------------------------------

/** How far the release is, its counts, the filter. */
class Bar {
  constructor({ onfilter, onleave, onhelp }) {
    this.name = el("strong", { class: "ro-release" });
    this.version = el("span", { class: "ro-version" });
    this.meter = el("span", { class: "ro-bar ro-bar-release" });
    this.percent = el("b", { class: "ro-percent" });
    this.words = el("span", { class: "ro-words" });
    this.filter = el("input", {
      type: "search", class: "ro-filter", placeholder: "Filter customers, steps", title: "Filter (key: /)",
      "aria-label": "Filter customers and steps", autocomplete: "off", spellcheck: "false",
      oninput: () => onfilter(this.filter.value), onkeydown: (event) => this.leave(event, onfilter, onleave),
    });
    this.help = el("button", {
      type: "button", class: "ro-help-button", "aria-label": "Keys and signs", title: "Keys and signs (?)",
      "aria-expanded": "false", onclick: onhelp,
    }, "?");
    this.chips = STATUS.map((status) => this.newChip(status));
    this.held = el("li", { class: "ro-chip ro-chip-held" });
    this.found = el("span", { class: "ro-found", role: "status" });
    const progress = [this.name, this.version, this.meter, this.percent, this.words, this.found];
    const chips = this.chips.map((chip) => chip.node);
    const list = el("ul", { class: "ro-chips", "aria-label": "Steps by status" }, chips, this.held);
    this.node = el("header", { class: "ro-top" },
      el("div", { class: "ro-line" }, progress, this.filter, this.help),
      el("div", { class: "ro-line" }, list));
  }
  newChip(status) {
    const count = el("b");
    const label = el("span", {}, STATUS_LABEL[status]);
    return { node: el("li", { class: "ro-chip" }, statusIcon(status), count, label), count };
  }
  leave(event, onfilter, onleave) {
    if (event.key === "Escape" && this.filter.value) {
      this.filter.value = "";
      onfilter("");
    } else if (!["Escape", "Enter", "ArrowDown"].includes(event.key)) return;
    else onleave();
    event.preventDefault();
    event.stopPropagation();
  }
  draw({ board, layout, query }) {
    const progress = board.ofRelease.of(0);
    write(this.name, board.release.name);
    write(this.version, board.release.version ?? "");
    this.name.title = [board.release.name, board.release.version].filter(Boolean).join(" ");
    write(this.percent, percent(progress));
    write(this.words, `${figure(progress.closed)} of ${figure(progress.total)} done or skipped`);
    this.meter.style.background = bar(progress);
    this.chips.forEach(({ node, count }, code) => {
      write(count, figure(progress.counts[code]));
      node.classList.toggle("ro-zero", !progress.counts[code]);
    });
    this.held.hidden = !board.heldCustomers;
    write(this.held, `${figure(board.heldCustomers)} ${board.heldCustomers === 1 ? "customer" : "customers"} on hold`);
    this.held.title = "customers held; their steps are not counted";
    write(this.found, query.trim() ? foundWords(board, layout.found) : "");
  }
}

/** "3 of 60 customers", "1 of 14 steps" or both: what a filter leaves. */
function foundWords(board, { customers, rows }) {
  const parts = [[customers, board.customers, "customers"], [rows, board.rows, "steps"]];
  const narrowed = parts.filter(([some, all]) => some.length < all.length);
  return narrowed.map(([some, all, name]) => `${figure(some.length)} of ${figure(all.length)} ${name}`).join(", ");
}

const KEY_HELP = [
  ["← ↑ → ↓", "move"],
  ["Home End", "first, last customer"],
  ["Ctrl Home, Ctrl End", "first, last cell"],
  ["Page ↑ ↓", "a screen of steps"],
  ["j", "next open step"],
  ["Enter", "to the step panel"],
  ["d", "done"], ["b", "begin"], ["f", "failed"], ["s", "skip"], ["r", "reverted"], ["o", "open again"],
  ["c", "copy the text"], ["n", "note"],
  ["x, Shift x", "collapse or expand the cluster, all clusters"],
  ["v", "collapse or expand the category"],
  ["/", "filter"],
  ["?", "this help"],
  ["Esc", "drop the keys pressed ahead"],
];

/** The keys and what every shape and mark stands for. */
function helpPanel(onclose) {
  const sample = (names) => el("span", { class: `ro-cell ro-sample ${names}`, "aria-hidden": "true" });
  const sign = (names, label) => el("li", {}, sample(names), label);
  const keys = KEY_HELP.flatMap(([key, what]) => [el("dt", {}, el("kbd", {}, key)), el("dd", {}, what)]);
  const shapes = STATUS.map((status) => sign(`ro-is-${status}`, STATUS_LABEL[status]));
  const marks = MARKS.map(([bit, label]) => sign(`ro-is-${bit === CLAIMED ? "in_progress" : "pending"} ro-marked ro-mark-${bit}`, label));
  const others = [sign("ro-none", "no step for this customer"), sign("ro-is-pending ro-at-held", "customer held")];
  const close = el("button", { type: "button", class: "ro-help-close", "aria-label": "Close", onclick: onclose }, "×");
  return el("section", { class: "ro-help", role: "region", "aria-label": "Keys and signs" },
    close,
    el("div", {}, el("h3", {}, "Keys"), el("dl", {}, keys)),
    el("div", {}, el("h3", {}, "Status"), el("ul", {}, shapes), el("h3", {}, "Marks"), el("ul", {}, marks, others)));
}

/** Keys that move the selection; "start" and "finish" are Home and End with Ctrl. */
const MOVES = [
  "ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight", "PageUp", "PageDown", "Home", "End", "start", "finish",
];

/** The key without regard to Caps Lock: "x", or "X" where Shift is down and gives it a meaning of its own. */
function plainKey({ key, shiftKey, ctrlKey, metaKey }) {
  if (ctrlKey || metaKey) return { Home: "start", End: "finish" }[key] ?? "";
  const letter = key.length === 1 ? key.toLowerCase() : key;
  return shiftKey && letter === "x" ? "X" : letter;
}

// ---- the widget: selection, keys, messages --------------------------------------------------------------------

class Matrix {
  constructor(model, root) {
    this.model = model;
    this.bus = channel(model.get("channel"));
    this.view = { board: null, layout: null, cursor: null, folded: new Set(), query: "" };
    this.sheet = new Sheet(this.view);
    this.bar = new Bar({
      onfilter: (query) => this.setFilter(query), onleave: () => this.enterGrid(), onhelp: () => this.toggleHelp(),
    });
    this.help = null;
    this.sentence = el("p", { class: "ro-empty" });
    this.live = el("p", { class: "ro-live", role: "status", "aria-live": "polite" });
    this.main = el("div", { class: "ro-main" }, this.sentence, this.sheet.node);
    this.node = el("section", { class: "ro-matrix", "aria-label": "Matrix" }, this.bar.node, this.main, this.live);
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
      if (event.target.closest("button, .ro-cell")) event.preventDefault();
    });
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
    if (!before && kept.view) Object.assign(view, kept.view);
    else if (before) {
      board.keepNewer(before);
      view.cursor = this.relocate(before, board);
    }
    view.board = board;
    this.arrange();
    if (!before && kept.view) Object.assign(this.sheet.node, { scrollLeft: kept.view.left, scrollTop: kept.view.top });
    this.bar.filter.value = view.query;
    this.draw();
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
    this.uncover(cell);
    this.select(cell, "link");
  }
  receive(message) {
    if (message?.type !== "patch" || !this.view.board) return;
    const { board } = this.view;
    const before = this.selectedId();
    const changed = message.cells.filter((cell) => {
      const differs = board.differs(cell);
      return board.patch(cell) && differs;
    });
    this.draw();
    for (const [r, c] of changed) this.sheet.flash(r, c);
    if (this.selectedId() !== before) this.saySelected("link");
  }
  hear(message) {
    const does = {
      "focus-matrix": () => this.enterGrid(),
      next: () => (this.waiting ? this.keep({ key: "j" }) : this.goNext()),
      waiting: () => { this.waiting = { id: message.id, typing: message.typing }; },
      rest: () => this.rest(message),
    };
    if (Object.hasOwn(does, message?.type ?? "")) does[message.type]();
  }

  // -- what is shown
  arrange() {
    const { view, sheet } = this;
    view.layout = layOut(view.board, view.folded, view.query);
    sheet.arrange();
    this.showSentence();
  }
  draw() {
    if (!this.view.layout) return;
    this.bar.draw(this.view);
    this.sheet.draw();
    this.remember();
  }
  remember() {
    const { cursor, folded, query } = this.view;
    const kept = remembered.get(this.model.get("cells"));
    if (kept) kept.view = { cursor, folded, query, left: this.sheet.scroll.left, top: this.sheet.scroll.top };
  }
  resize() {
    if (!this.sheet.measure() || !this.view.layout) return;
    paintShapes(this.node);
    this.arrange();
    if (this.revealing) this.sheet.reveal(this.view.cursor.r, this.view.cursor.c);
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
    const { board, layout, query } = this.view;
    if (!board) return "The steps have not arrived yet.";
    if (!board.rows.length) return "This release has no steps yet.";
    if (!board.customers.length) return "No customer takes part in this release yet.";
    return layout?.empty ? `Nothing matches “${query.trim()}”. Escape clears the filter.` : "";
  }
  setFilter(query) {
    this.view.query = query;
    if (!this.view.board) return;
    this.arrange();
    this.draw();
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
    this.setFilter((this.bar.filter.value = ""));
  }
  toggleHelp(open = !this.help) {
    if (open === Boolean(this.help)) return;
    this.help?.remove();
    this.help = open ? helpPanel(() => this.toggleHelp(false)) : null;
    if (open) this.main.append(this.help);
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
  /** Select a cell; `at` says how it came about: "key", "pointer" or "link". Only the first two take the focus. */
  select(cell, at, { focus = at !== "link" } = {}) {
    const { view, sheet } = this;
    if (this.waiting && this.waiting.id !== view.board.ids[view.board.at(cell.r, cell.c)]) this.dropKeys();
    view.cursor = cell;
    this.revealing = !sheet.size.width;
    sheet.reveal(cell.r, cell.c);
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
    if (id === this.model.get("selected")) return;
    this.model.set("selected", id);
    this.model.save_changes();
    this.writeAddress(id);
  }
  /** The address always leads back to what is selected, so that it can be sent to a colleague. */
  writeAddress(id) {
    const address = new URL(window.location.href);
    address.searchParams.set("release", this.view.board.release.id);
    if (id) address.searchParams.set("step", id);
    else address.searchParams.delete("step");
    window.history.replaceState(window.history.state, "", address);
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

  // -- pointer and keys
  click(event) {
    const target = event.target.closest(".ro-fold, .ro-cell, .ro-folded-head");
    const slot = target && this.sheet.slots.get(target);
    if (slot && slot.c >= 0) return this.select({ r: slot.r, c: slot.c }, "pointer");
    const fold = target && this.sheet.folds.get(target);
    if (fold) this.toggleFold(fold);
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
  handleKey(event) {
    const key = plainKey(event);
    if (this.waiting && this.keepKey(event, key)) return true;
    if (event.ctrlKey || event.metaKey) return this.goTo(key);
    if (event.shiftKey && event.key.length > 1) return false;
    return this.goTo(key) || this.press(key, event.repeat) || this.act(key);
  }
  /** Move the selection; true if the key was one that moves. */
  goTo(key) {
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
    if (steps.length && customers.length) this.moveTo(moves[key]());
    return true;
  }
  moveTo([r, c]) {
    const { cursor } = this.view;
    if (cursor?.r !== r || cursor.c !== c) this.select({ r, c }, "key");
  }
  /** Say a verb for the selected cell, if it can be seen and holds a step; a key held down says it once. */
  press(key, repeat = false, typed = "") {
    if (!Object.hasOwn(VERB_KEYS, key)) return false;
    const { cursor } = this.view;
    if (!cursor || repeat) return true;
    const id = this.selectedId();
    const seen = this.sheet.slotOf(cursor.r, cursor.c);
    if (seen && id) this.bus.say({ type: "press", verb: VERB_KEYS[key], id, typed });
    else this.notPressed(id ? "The selected cell is collapsed or filtered out" : "There is no step in this cell");
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
    else if (!event.repeat) this.keep({ key });
    return true;
  }
  keep({ key }) {
    if (this.ahead.length >= KEYS_AHEAD) return this.bus.say({ type: "dropped", keys: [key] });
    this.ahead.push({ key, typing: TYPED_VERBS.includes(VERB_KEYS[key]), text: "" });
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
  play({ key, text }) {
    if (key === "j") this.goNext();
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
      "/": () => this.bar.filter.focus(),
      Escape: () => this.toggleHelp(false),
      x: () => cursor && this.toggleFold({ cluster: board.clusterOf(cursor.c).id }),
      v: () => cursor && this.toggleFold({ category: board.rows[cursor.r].category }),
      X: () => this.toggleAllClusters(),
      j: () => this.goNext(),
      " ": () => true, // else the browser scrolls a screen down
    };
    if (!Object.hasOwn(acts, key)) return false;
    acts[key]();
    if ("xvX".includes(key)) this.revealSelected();
    return true;
  }
}

export default {
  /** Draw the matrix of `model` into `root`; gives the function that takes it down again. */
  render({ model, el: root }) {
    const matrix = new Matrix(model, root);
    return () => matrix.close();
  },
};
