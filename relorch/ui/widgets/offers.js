// The placeholders that a step may use, each with a value it stands for and a button that copies it.

const OFFER_WORDS = {
  list: "Placeholders",
  filter: "Filter placeholders",
  copy: (source) => `Copy ${source}`,
  copyShown: "Copy",
  copied: (source) => `Copied ${source}. Paste it into the text.`,
  byHand: (source) => `Not copied: the browser refused. Select and copy it: ${source}`,
  none: "No placeholder has this in its name.",
};
const FILTER_FROM = 9; // a short list is read faster than it is filtered

function render({ model, el: host }) {
  const rows = el("ul", { class: "ro-offers", "aria-label": OFFER_WORDS.list });
  const said = el("p", { class: "ro-offers-said", role: "status" });
  const filter = el("input", { type: "search", "aria-label": OFFER_WORDS.filter, placeholder: OFFER_WORDS.filter, oninput: draw });
  host.append(filter, rows, said);

  function draw() {
    const offers = model.get("offers");
    filter.hidden = offers.length < FILTER_FROM;
    const wanted = filter.value.trim().toLowerCase();
    const shown = offers.filter((offer) => offer.source.toLowerCase().includes(wanted));
    rows.replaceChildren(...shown.map(row));
    if (!shown.length && offers.length) rows.append(el("li", { class: "none" }, OFFER_WORDS.none));
  }

  function row(offer) {
    return el("li", {},
      el("code", {}, offer.source),
      el("span", { class: "example" }, offer.example),
      el("button", { type: "button", "aria-label": OFFER_WORDS.copy(offer.source), onclick: () => copy(offer.source) }, OFFER_WORDS.copyShown));
  }

  async function copy(source) {
    try {
      await navigator.clipboard.writeText(source);
      said.textContent = OFFER_WORDS.copied(source);
    } catch {
      said.textContent = OFFER_WORDS.byHand(source); // no clipboard here: the text stands there to be selected
    }
  }

  model.on("change:offers", draw);
  draw();
  return () => model.off("change:offers", draw);
}

export default { render };
