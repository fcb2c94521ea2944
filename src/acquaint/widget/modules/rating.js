/** What a visitor thought of a conversation that is over, if the App asks: stars once, and a word to them. */

import { h, sayOnce } from "./dom.js"

const BEST = 5

/** @param {import("./panel.js").Place} place @param {import("./exchange.js").Exchange} exchange */
export function rating({ say, chat }, exchange) {
  const problem = h("p.error", { role: "alert" })
  const stars = Array.from({ length: BEST }, (_, at) => h("button.round", { ariaLabel: say("stars", at + 1, BEST), onclick: () => give(at + 1) }))
  const comment = h("textarea", { rows: 2, maxLength: 2_000, ariaLabel: say("comment"), placeholder: say("comment"), dir: "auto" })
  const more = h("form", { onsubmit }, h("div.box", comment), h("button.main", say("send")))
  const asked = h("b", { role: "status" }), node = h("div.rate", { role: "group", tabIndex: -1, ariaLabel: say("rate") }, asked, h("div", ...stars), more, problem)

  /** @param {number} score @param {string} [text] */
  async function give(score, text) {
    problem.textContent = ""
    try {
      await exchange.rate(score, text)
      update()
      ;(more.hidden ? node : comment).focus()
    } catch (error) {
      problem.textContent = chat.wordsOf(error) ?? say("failed")
    }
  }

  /** @param {SubmitEvent} event */
  function onsubmit(event) {
    event.preventDefault()
    if (exchange.rating && comment.value.trim()) give(exchange.rating.score, comment.value.trim())
  }

  function update() {
    const given = exchange.rating
    node.hidden = given === undefined
    sayOnce(asked, say(given ? "thanks" : "rate"))
    stars.forEach((star, at) => {
      star.textContent = at < (given?.score ?? 0) ? "★" : "☆"
      star.disabled = Boolean(given)
    })
    more.hidden = !given || Boolean(given.comment)
  }

  return { node, update }
}
