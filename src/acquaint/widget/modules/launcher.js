/** The button that is always there, and how many messages wait. */

import { h, icon } from "./dom.js"

const MOST = 99

/** @param {import("./language.js").Words} words @param {() => void} toggle */
export function launcher(words, toggle) {
  const node = h("button", { class: "launcher", type: "button", "aria-haspopup": "dialog", part: "launcher", onclick: toggle })
  return {
    node,
    /** @param {boolean} isOpen @param {number} unread */
    update(isOpen, unread) {
      const badge = isOpen ? null : counted(unread, words)
      const name = words.say(isOpen ? "close" : "open")
      node.setAttribute("aria-expanded", String(isOpen))
      node.setAttribute("aria-label", badge ? `${name}, ${badge.getAttribute("aria-label")}` : name)
      badge?.setAttribute("aria-hidden", "true")
      node.replaceChildren(icon(isOpen ? "down" : "chat"), ...(badge ? [badge] : []))
    },
  }
}

/** A number in a badge, or nothing where there is none. @param {number} count @param {import("./language.js").Words} words */
export function counted(count, words) {
  const shown = count > MOST ? `${MOST}+` : String(count)
  return count ? h("span", { class: "badge", role: "img", "aria-label": words.say("unread", shown) }, shown) : null
}
