// What is typed and pressed reaches the server in the order in which it was done. marimo sends each on its own way: a
// press could overtake the last key, and what is stored would be older than what is on the screen.
(() => {
  const LONGEST = 5000 // ms: an answer that does not come must not hold up what follows it for ever
  const ordered = /\/api\/kernel\/(?:set_ui_element_value|set_model_value)$/
  const send = window.fetch.bind(window)
  let before = Promise.resolve()
  window.fetch = (what, how) => {
    const address = new URL(what instanceof Request ? what.url : what, document.baseURI)
    if (!ordered.test(address.pathname)) return send(what, how)
    const answer = before.then(() => send(what, how))
    const longest = before.then(() => new Promise((over) => setTimeout(over, LONGEST)))
    before = Promise.race([answer.catch(() => {}), longest])
    return answer
  }
})()
