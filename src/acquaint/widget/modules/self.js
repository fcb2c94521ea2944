/** Who one is here, whether that is verified, and how to leave. */

import { h, icon } from "./dom.js"

/**
 * The line that says who somebody is: a name, and whether anybody vouches for it.
 *
 * @param {import("./language.js").Words} words
 * @param {{ assurance: string | null, name: string | null }} who
 */
export function whoIs(words, { assurance, name }) {
  const isVerified = assurance === "verified", state = words.say(isVerified ? "verified" : assurance === "claimed" ? "unverified" : "anonymous")
  const shown = h("span", {}, h("bdi", {}, name ?? ""), name ? " · " : "", state)
  return h("p", { class: isVerified ? "who verified" : "who" }, icon(isVerified ? "shield" : "user"), shown)
}

/** @param {import("./language.js").Words} words @param {import("./chat.js").Chat} chat */
export function selfOf(words, chat) {
  const who = h("div", { class: "who" }), out = h("button", { class: "link", type: "button", onclick: leave })
  const node = h("div", { class: "self" }, who, out)
  const sure = h("p", { class: "ask", role: "alert" }, words.say("sure"))
  const yes = h("button", { class: "link bad", type: "button", onclick: () => chat.logOut() }, words.say("yes"))
  const no = h("button", { class: "link", type: "button", onclick: () => ask(false) }, words.say("no"))

  /** Whoever is verified finds it all again; what others wrote is lost to them, so they are asked. */
  function leave() {
    if (chat.assurance === "verified" || chat.status === "ended") chat.logOut()
    else ask(true)
  }

  function ask(isAsked) {
    node.replaceChildren(...(isAsked ? [sure, yes, no] : [who, out]))
    ;(isAsked ? no : out).focus()
  }

  return {
    node,
    update() {
      node.hidden = chat.status === "nobody"
      if (node.hidden) node.replaceChildren(who, out)
      who.hidden = chat.status === "ended"
      out.textContent = words.say(chat.assurance === "verified" || chat.status === "ended" ? "out" : "forget")
      who.replaceChildren(...whoIs(words, chat).childNodes)
      who.classList.toggle("verified", chat.assurance === "verified")
    },
  }
}
