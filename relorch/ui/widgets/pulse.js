// The pulse: asks once a second whether anything was changed. Draws one line, and only while that cannot be known.

/** How often to ask, in milliseconds. */
const PULSE = 1_000;

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
    return () => {
      clearInterval(asking);
      document.removeEventListener("visibilitychange", look);
      model.off("change:trouble", show);
    };
  },
};
