// Which cells are selected together. One byte a cell, so that a range over 200,000 of them costs nothing to keep.

/** Cells selected together, by their place on the board; while none is, what the cursor is on is all that is selected. */
class Selection {
  constructor(size = 0) {
    this.marks = new Uint8Array(size);
    this.count = 0;
    this.revision = 0;
    this.anchor = null; // where a range begins: {r, c}
    this.before = null; // what was selected before the range was begun
  }
  has(at) {
    return this.marks[at] === 1;
  }
  mark(at, on = 1) {
    this.count += on - this.marks[at];
    this.revision++;
    this.marks[at] = on;
  }
  clear() {
    if (this.count) this.marks.fill(0);
    this.revision++;
    this.count = 0;
    this.anchor = this.before = null;
  }
  /** Begin a range here; what is selected now stays selected beside it where `keep` says so. */
  begin(anchor, keep = false) {
    this.anchor = anchor;
    this.before = keep && this.count ? this.marks.slice() : null;
  }
  /** Select just these cells, and what was selected before the range was begun. */
  become(cells) {
    if (this.before) this.marks.set(this.before);
    else this.marks.fill(0);
    this.count = this.marks.reduce((sum, mark) => sum + mark, 0);
    this.revision++;
    for (const at of cells) this.mark(at);
  }
  /** Take out every cell that `keeps` does not keep; gives how many those were. */
  shrink(keeps) {
    const before = this.count;
    if (before) this.marks.forEach((mark, at) => mark && !keeps(at) && this.mark(at, 0));
    if (before !== this.count) this.before = null;
    if (!this.count) this.anchor = null;
    return before - this.count;
  }
  /** The places of all selected cells, row by row. */
  *places() {
    for (let at = this.marks.indexOf(1); at >= 0; at = this.marks.indexOf(1, at + 1)) yield at;
  }
  /** The same steps on another board. */
  movedTo(before, board) {
    const moved = new Selection(board.ids.length);
    if (!this.count) return moved;
    const chosen = new Set([...this.places()].map((at) => before.ids[at]));
    board.ids.forEach((id, at) => id && chosen.has(id) && moved.mark(at));
    return moved;
  }
}

/** The cells in the rectangle between two cells that are shown, hold a step and are not dimmed. */
function rangeOf(board, layout, from, to) {
  const between = (list, one, other) => list.slice(Math.min(one, other), Math.max(one, other) + 1);
  const rows = between(layout.steps, layout.placeOf[from.r], layout.placeOf[to.r]);
  const columns = between(layout.columns, layout.columnOf[from.c], layout.columnOf[to.c]);
  return cellsOf(board, layout, rows, columns);
}

/** Of these rows and columns the cells that can be selected; a folded cluster (a negative column) has none. */
function cellsOf(board, layout, rows, columns) {
  const places = rows.flatMap((r) => columns.map((c) => (c < 0 ? -1 : board.at(r, c))));
  return places.filter((at) => at >= 0 && board.isWanted(layout.wanted, at));
}

/** "60 steps of 1 step × 60 customers" */
function extentWords(board, selection) {
  const across = board.customers.length;
  const [rows, columns] = [new Set(), new Set()];
  for (const at of selection.places()) {
    rows.add(Math.floor(at / across));
    columns.add(at % across);
  }
  const customers = `${figure(columns.size)} ${columns.size === 1 ? "customer" : "customers"}`;
  return `${stepsWords(selection.count)} of ${stepsWords(rows.size)} × ${customers}`;
}

/** "1 step", "60 steps" */
const stepsWords = (count) => `${figure(count)} ${count === 1 ? "step" : "steps"}`;

/** Keys that move the selection; "start" and "finish" are Home and End with Ctrl. */
const MOVES = [
  "ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight", "PageUp", "PageDown", "Home", "End", "start", "finish",
];

const ARROWS = ["ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight"];

/** The key without regard to Caps Lock: "x", or "X" where Shift is down and gives it a meaning of its own. */
function plainKey({ key, shiftKey, ctrlKey, metaKey }) {
  if (ctrlKey || metaKey) return { Home: "start", End: "finish" }[key] ?? "";
  const letter = key.length === 1 ? key.toLowerCase() : key;
  return shiftKey && letter === "x" ? "X" : letter;
}
