/**
 * Elements, made by hand: whatever somebody wrote becomes a text node, never markup, and nothing has a style attribute.
 *
 *     h("p.note", { role: "status" }, "Hello")     an element: its tag and classes, then properties and children
 *     round("Close", "close", { onclick })         a round button with a drawing in it, and its name
 *     icon("chat")                                 a drawing that screen readers pass over
 *     sayOnce(where, text)                         a text in a place that is read aloud
 *     linked(text)                                 a text in pieces: what looks like a web address is a link
 */

const SVG = "http://www.w3.org/2000/svg"

/** Paths in a box of 24 by 24. */
const PATHS = {
  chat: "M6 16v4l5-4h6a3 3 0 0 0 3-3V7a3 3 0 0 0-3-3H7a3 3 0 0 0-3 3v6a3 3 0 0 0 2 3M8 8.5h8M8 12h5",
  down: "m5 9 7 7 7-7",
  close: "m6 6 12 12M18 6 6 18",
  send: "M12 20V4m-7 7 7-7 7 7",
  clip: "m20 11-8 8a5 5 0 0 1-7-7l8-8a3 3 0 0 1 5 5l-8 8a1 1 0 0 1-2-2l7-7",
  check: "m4 13 5 5L20 6",
}

/** A web address, up to what ends a sentence. */
const ADDRESS = /\bhttps?:\/\/[^\s<>"']+[^\s<>"'.,:;!?)\]]/gi

/** @typedef {keyof typeof PATHS} Drawing */

/** @template {string} What @typedef {What extends `${infer Tag}.${string}` ? Tagged<Tag> : Tagged<What>} Made */
/** @template {string} Tag @typedef {Tag extends keyof HTMLElementTagNameMap ? HTMLElementTagNameMap[Tag] : never} Tagged */

/** @typedef {Node | string | Record<string, unknown> | null | undefined | false} Part A child, or properties; or nothing. */

/**
 * @template {string} What
 * @param {What} what
 * @param {...Part} parts
 * @returns {Made<What>}
 */
export function h(what, ...parts) {
  const [tag = "", ...classes] = what.split("."), element = document.createElement(tag)
  element.className = classes.join(" ")
  for (const part of parts) {
    if (typeof part === "string" || part instanceof Node) element.append(part)
    else Object.assign(element, part)
  }
  return /** @type {Made<What>} */ (element)
}

/** @param {string} ariaLabel @param {Drawing} drawing @param {...Part} parts */
export function round(ariaLabel, drawing, ...parts) {
  return h("button.round", { type: "button", ariaLabel }, ...parts, icon(drawing))
}

/** @param {Drawing} name */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg"), path = document.createElementNS(SVG, "path")
  svg.setAttribute("viewBox", "0 0 24 24")
  svg.ariaHidden = "true"
  path.setAttribute("d", PATHS[name])
  svg.append(path)
  return svg
}

/** What is said aloud is not said again while it stays the same. @param {HTMLElement} where @param {string} text */
export function sayOnce(where, text) {
  if (where.textContent !== text) where.textContent = text
}

/** @param {string} text */
export function linked(text) {
  const pieces = []
  let end = 0
  for (const { 0: found, index } of text.matchAll(ADDRESS)) {
    pieces.push(text.slice(end, index), h("a", away(found), found))
    end = index + found.length
  }
  return [...pieces, text.slice(end)]
}

/** A link to somewhere else, which learns nothing of the page. @param {string} href */
export const away = (href) => ({ href, target: "_blank", rel: "noopener noreferrer nofollow" })
