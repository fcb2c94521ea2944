/** The button that is always there, and how many messages wait. */

import { h, icon } from "./dom.js"

/** @typedef {import("./language.js").Words} Words */

const MOST = 99

/** @param {Words} words @param {() => void} onclick */
export function launcher({ say }, onclick) {
  const node = h("button.launcher", { ariaHasPopup: "dialog", part: "launcher", onclick })
  return {
    node,
    /** @param {boolean} isOpen @param {number} unread */
    update(isOpen, unread) {
      const badge = isOpen ? null : counted(unread, say), name = say(isOpen ? "close" : "open")
      node.ariaExpanded = String(isOpen)
      node.ariaLabel = badge ? `${name}, ${badge.ariaLabel}` : name
      node.replaceChildren(icon(isOpen ? "down" : "chat"), badge ?? "")
    },
  }
}

/** A number in a badge, or nothing where there is none. @param {number} count @param {Words["say"]} say */
export function counted(count, say) {
  const shown = count > MOST ? `${MOST}+` : String(count)
  return count ? h("span.badge", { role: "img", ariaLabel: say("unread", shown) }, shown) : null
}
