// The pulse: asks once a second whether anything was changed. Draws one line, and only while that cannot be known.
// It also brings the answer to a press into view, which may stand below the window.

/** How often to ask, in milliseconds. */
const PULSE = 1_000;

/** What a page answers with, and how long after a press it is taken for the answer to it, in milliseconds. */
const ANSWERS = ".ro-refusal, .ro-stored, .ro-warned, .ro-plan, .ro-import";
const PREVIEWS = '[data-cell-name$="preview"], [data-cell-name="customer"]';
const ANSWERED_WITHIN = 20_000;

const answerIn = (node) => {
  if (node.nodeType !== Node.ELEMENT_NODE) return node.parentElement?.closest(ANSWERS);
  return node.matches(ANSWERS) ? node : (node.querySelector(ANSWERS) ?? node.closest(ANSWERS));
};

/** Follow what is pressed and what is answered; gives what ends that. */
function followAnswers() {
  let pressed = -Infinity;
  const press = (event) => {
    if (event.type === "click" || event.key === "Enter") pressed = performance.now();
  };
  const observer = new MutationObserver((changes) => {
    if (performance.now() - pressed > ANSWERED_WITHIN) return;
    const nodes = changes.flatMap(({ type, target, addedNodes }) => (type === "childList" ? [...addedNodes] : [target]));
    const answer = nodes.map(answerIn).find((found) => found?.getClientRects().length && !found.closest(PREVIEWS));
    if (!answer) return;
    pressed = -Infinity;
    // with the buttons that stand below it
    requestAnimationFrame(() => (answer.closest("[data-cell-name]") ?? answer).scrollIntoView({ block: "nearest" }));
  });
  observer.observe(document.body, { childList: true, characterData: true, subtree: true });
  for (const type of ["click", "keydown"]) document.addEventListener(type, press, true);
  return () => {
    observer.disconnect();
    for (const type of ["click", "keydown"]) document.removeEventListener(type, press, true);
  };
}

export default {
  render({ model, el: root }) {
    const line = el("p", { class: "ro-pulse", role: "status", hidden: true });
    const look = () => {
      if (document.visibilityState === "visible") model.send({ type: "look" });
    };
    const show = () => {
      line.textContent = model.get("trouble");
      line.hidden = !line.textContent;
    };
    root.append(line);
    show();
    model.on("change:trouble", show);
    document.addEventListener("visibilitychange", look);
    const asking = setInterval(look, PULSE);
    const leave = followAnswers();
    return () => {
      leave();
      clearInterval(asking);
      document.removeEventListener("visibilitychange", look);
      model.off("change:trouble", show);
    };
  },
};
