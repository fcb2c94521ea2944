/** Who one is here, whether that is verified, and how to leave. */

import { h, icon } from "./dom.js"

/** @typedef {import("./language.js").Words} Words */
/** @typedef {import("./chat.js").Chat} Chat */

/**
 * The line that says who somebody is: a name, and whether anybody vouches for it.
 *
 * @param {Words} words
 * @param {Chat} chat
 */
export function whoIs({ say }, { status, name }) {
  const isVerified = status === "verified", state = say(isVerified ? "verified" : status === "claimed" ? "unverified" : "anonymous")
  return h(`p.who.${status}`, isVerified && icon("check"), h("bdi", name ?? ""), h("span", (name ? " · " : "") + state))
}

/** @param {Words} words @param {Chat} chat */
export function selfOf(words, chat) {
  const { say } = words
  const out = h("button.link", { onclick: () => (isFoundAgain() ? chat.logOut() : ask(true)) })
  const no = h("button.link", { onclick: () => ask(false) }, say("no"))
  const yes = h("button.link.bad", { onclick: () => chat.logOut() }, say("yes"))
  const sure = h("p", { role: "alert" }, say("sure"))
  let who = h("p")
  const node = h("div.self", who, out)

  /** Whoever is verified finds it all again; what others wrote is lost to them, so they are asked. */
  const isFoundAgain = () => chat.status === "verified" || chat.status === "ended"

  /** @param {boolean} isAsked */
  function ask(isAsked) {
    node.replaceChildren(...(isAsked ? [sure, yes, no] : [who, out]))
    ;(isAsked ? no : out).focus()
  }

  return {
    node,
    update() {
      if ((node.hidden = chat.status === "nobody")) node.replaceChildren(who, out)
      who.replaceWith((who = whoIs(words, chat)))
      who.hidden = chat.status === "ended"
      out.textContent = say(isFoundAgain() ? "out" : "forget")
    },
  }
}
