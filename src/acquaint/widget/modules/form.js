/** Who we are talking to: a name and an address, which are believed by nobody. Nothing is sent before both are good. */

import { h } from "./dom.js"

const SHORTEST_NAME = 2

/** @param {import("./panel.js").Place} place */
export function form({ words, chat, go }) {
  const name = field("name", "short", { type: "text", autocomplete: "name", maxlength: 255 }, (it) => it.value.trim().length >= SHORTEST_NAME)
  const email = field("email", "address", { type: "email", autocomplete: "email", maxlength: 254 }, (it) => it.validity.valid && /@.+\../.test(it.value))
  const problem = h("p", { class: "error", role: "alert" }), begin = h("button", { class: "main" }, words.say("begin"))
  const node = h(
    "form",
    { class: "form scroll", novalidate: true, onsubmit: submit },
    h("p", { class: "big" }, words.say("claim")),
    h("p", {}, words.say("why")),
    name.node,
    email.node,
    problem,
    begin,
  )

  function field(key, wrong, attributes, isGood) {
    const error = h("p", { class: "error", id: `${key}-error` })
    const input = h("input", { ...attributes, name: key, required: true, dir: "auto", "aria-describedby": error.id, oninput: () => input.ariaInvalid && check() })
    function check() {
      const good = isGood(input)
      input.ariaInvalid = good ? null : "true"
      error.textContent = good ? "" : words.say(wrong)
      return good
    }
    return { node: h("div", {}, h("label", {}, words.say(key), input), error), input, check }
  }

  async function submit(event) {
    event.preventDefault()
    const wrong = [name, email].filter((it) => !it.check())
    if (wrong.length) return wrong[0].input.focus()
    begin.disabled = true
    problem.textContent = ""
    try {
      await chat.claim({ name: name.input.value.trim(), email: email.input.value.trim() })
      go("talk")
    } catch (error) {
      problem.textContent = chat.wordsOf(error) ?? words.say("broken")
    } finally {
      begin.disabled = false
    }
  }

  return { node: h("div", { class: "view" }, node), title: words.say("team"), update() {}, focus: () => name.input.focus() }
}
