// The grid of the matrix: only what is in view is in the document.

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

/** "selected" is where the cursor is, "alone" where it is all that is selected, "picked" one of several. */
const LOOK = {
  column: 1 << 16, selected: 1 << 17, held: 1 << 18, first: 1 << 19, picked: 1 << 20, alone: 1 << 21, dim: 1 << 22,
};
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
    this.slots = new WeakMap(); // what a cell's element shows
    this.lines = new WeakMap(); // the row or the customer whose head an element is: {r} or {c}
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
    this.node = el("div", {
      class: "ro-scroll", role: "grid", "aria-multiselectable": "true", tabindex: -1, "data-relorch-scroll": true,
    }, this.canvas);
  }
  newRow(cells = 0) {
    const parts = {
      number: el("span", { class: "ro-number" }),
      name: el("span", { class: "ro-name", dir: "auto" }), // cut at its end, whichever side that is
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
    const parts = { first: el("b"), second: el("span", { dir: "auto" }) };
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
    this.left = width && width < PX.narrow ? PX.narrowLeft : PX.left;
    this.node.style.setProperty("--ro-left", `${this.left}px`);
    return true;
  }
  /** Whether the row of a step is in view, as far as is known. */
  sees(r) {
    const { layout } = this.view;
    const top = layout?.tops[layout.placeOf[r]];
    const high = this.size.height - PX.clusters - PX.names;
    return top !== undefined && top >= this.scroll.top && top + PX.row <= this.scroll.top + high;
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
    const stands = held ? "\nheld: no step can be changed" : "";
    node.title = `${where}\n${customer.name}${stands}\n${countWords(progress)}\nclick to select its steps`;
    this.folds.delete(node);
    this.lines.set(node, { c });
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
    this.lines.delete(node);
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
    const rule = row.required ? ": cannot be skipped" : "";
    head.title = `${row.name}\n${kind}${rule}\n${countWords(progress)}\nclick to select it for the customers shown`;
    this.lines.set(head, { r });
  }
  drawCell(slot, r, v) {
    show(slot.node, v >= 0);
    if (v < 0) return;
    const c = this.view.layout.columns[v];
    if (c < 0) this.drawFolded(slot, r, ~c, v);
    else this.drawStep(slot, r, c, v);
  }
  drawStep(slot, r, c, v) {
    const { board, layout } = this.view;
    const at = board.at(r, c);
    const look = this.lookOf(at, c, v) | this.selectedLook(at, r, c);
    const moved = slot.at !== at || slot.stamp !== layout.stamp;
    if (!moved && slot.look === look) return;
    if (moved) this.placeCell(slot, at, r, c, v);
    slot.look = look;
    slot.node.className = cellClass(look);
    slot.node.setAttribute("aria-selected", String(Boolean(look & (LOOK.picked | LOOK.alone))));
    const words = board.words(r, c).join(", ");
    slot.node.setAttribute("aria-label", `${board.rows[r].name}, ${board.customers[c].name}: ${words}`);
    slot.node.removeAttribute("title");
  }
  lookOf(at, c, v) {
    const { board, layout } = this.view;
    const held = board.customers[c].state === "held" ? LOOK.held : 0;
    const dim = layout.wanted && !board.isWanted(layout.wanted, at) ? LOOK.dim : 0;
    return board.status[at] | (board.flags[at] << 8) | held | dim | (this.isFirst(v) ? LOOK.first : 0);
  }
  selectedLook(at, r, c) {
    const { cursor, selection } = this.view;
    const picked = selection.has(at) ? LOOK.picked : 0;
    if (cursor?.c !== c) return picked;
    return picked | LOOK.column | (cursor.r === r ? LOOK.selected | (selection.count ? 0 : LOOK.alone) : 0);
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

const HINT = "Click a cell; ? shows the keys";

/** Top left: in plain horizontal words where one is, the surest guard against the wrong customer. */
class Corner {
  constructor() {
    const free = { dir: "auto" };
    this.lines = { cluster: el("span"), namespace: el("b"), customer: el("span", free), step: el("span", free), state: el("span") };
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
    this.lines.state.replaceChildren(el("span", { title: HINT }, HINT));
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

