/** Who we are talking to: a name and an address, which are believed by nobody. Nothing is sent before both are good. */

import { h } from "./dom.js"

/** Two letters, and something@some.where: the server knows better, and is asked. */
const NAME = "\\s*\\S.*\\S\\s*", EMAIL = ".+@.+\\..+"

/** @param {import("./panel.js").Place} place */
export function form({ say, chat, go }) {
  const name = field("name", "text", "short", NAME)
  const email = field("email", "email", "address", EMAIL)
  const problem = h("p.error", { role: "alert" }), begin = h("button.main", say("begin"))
  const node = h("form.view.scroll.form", { noValidate: true, onsubmit }, h("p.big", say("claim")), h("p", say("why")), name.node, email.node, problem, begin)

  /** @param {"name" | "email"} key @param {string} type @param {"short" | "address"} wrong @param {string} pattern */
  function field(key, type, wrong, pattern) {
    const error = h("p.error", { id: `${key}-error` })
    const input = h("input", { type, name: key, autocomplete: key, maxLength: 254, pattern, required: true, dir: "auto", oninput: () => input.ariaInvalid && check() })
    input.setAttribute("aria-describedby", error.id)

    function check() {
      const good = input.validity.valid
      input.ariaInvalid = good ? null : "true"
      error.textContent = good ? "" : say(wrong)
      return good
    }
    return { node: h("div", h("label", say(key), input), error), input, check }
  }

  /** @param {SubmitEvent} event */
  async function onsubmit(event) {
    event.preventDefault()
    const [wrong] = [name, email].filter((it) => !it.check())
    if (wrong) return wrong.input.focus()
    if (begin.ariaBusy) return
    begin.ariaBusy = "true"
    problem.textContent = ""
    try {
      await chat.client.sayWhoIAm({ name: name.input.value.trim(), email: email.input.value.trim() })
      go("talk")
    } catch (error) {
      problem.textContent = chat.wordsOf(error) ?? say("broken")
      begin.ariaBusy = null
    }
  }

  return { node, title: say("team"), update() {}, focus: () => name.input.focus() }
}
