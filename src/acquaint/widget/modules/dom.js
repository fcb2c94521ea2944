/**
 * Elements, made by hand: whatever somebody wrote becomes a text node, never markup, and nothing has a style attribute.
 *
 *     h("p.note", { role: "status" }, "Hello")     an element: its tag and classes, then attributes, listeners and children
 *     round("Close", "close", { onclick })         a round button with a drawing in it, and its name
 *     icon("chat")                                 a drawing that screen readers pass over
 *     linked(text)                                 a text in pieces: what looks like a web address is a link
 */

const SVG = "http://www.w3.org/2000/svg"

/** Paths in a box of 24 by 24. */
const PATHS = {
  chat: "M6 16v4l5-4h6a3 3 0 0 0 3-3V7a3 3 0 0 0-3-3H7a3 3 0 0 0-3 3v6a3 3 0 0 0 2 3M8 8.5h8M8 12h5",
  down: "m5 9 7 7 7-7",
  back: "m15 5-7 7 7 7",
  close: "m6 6 12 12M18 6 6 18",
  send: "M12 20V4m-7 7 7-7 7 7",
  clip: "m20 11-8 8a5 5 0 0 1-7-7l8-8a3 3 0 0 1 5 5l-8 8a1 1 0 0 1-2-2l7-7",
  shield: "M12 3 5 6c0 8 2 12 7 15 5-3 7-7 7-15zm-3 9 2 2 4-4",
  user: "M16 8a4 4 0 1 0-8 0 4 4 0 0 0 8 0M5 20c1-6 13-6 14 0",
  file: "M14 3H6v18h12V7zv4h4",
  alert: "M21 12a9 9 0 1 0-18 0 9 9 0 0 0 18 0m-9-4v5m0 3v0",
  star: "m12 3 2.7 5.8 6.3.8-4.6 4.3 1.2 6.3-5.6-3.1-5.6 3.1 1.2-6.3L3 9.6l6.3-.8z",
}

/** A web address, up to what ends a sentence. */
const ADDRESS = /\bhttps?:\/\/[^\s<>"']+[^\s<>"'.,:;!?)\]]/gi

/** @typedef {keyof typeof PATHS} Drawing */

/** @template {string} What @typedef {What extends `${infer Tag}.${string}` ? Tagged<Tag> : Tagged<What>} Made */
/** @template {string} Tag @typedef {Tag extends keyof HTMLElementTagNameMap ? HTMLElementTagNameMap[Tag] : never} Tagged */

/**
 * @typedef {Node | string | Record<string, unknown> | null | undefined | false} Part A child, or properties: functions
 *   are listeners, `true` an attribute without a value; null and false are nothing
 */

/**
 * @template {string} What
 * @param {What} what
 * @param {...Part} parts
 * @returns {Made<What>}
 */
export function h(what, ...parts) {
  const [tag = "", ...classes] = what.split(".")
  return /** @type {any} */ (filled(document.createElement(tag), { class: classes.join(" ") || null }, ...parts))
}

/** @param {string} name @param {Drawing} drawing @param {...Part} parts */
export function round(name, drawing, ...parts) {
  return h("button.round", { type: "button", "aria-label": name }, ...parts, icon(drawing))
}

/** @param {Drawing} name */
export function icon(name) {
  const path = filled(document.createElementNS(SVG, "path"), { d: PATHS[name] })
  return filled(document.createElementNS(SVG, "svg"), { viewBox: "0 0 24 24", class: "icon", "aria-hidden": "true" }, path)
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

/** @template {Element} It @param {It} element @param {...Part} parts @returns {It} */
function filled(element, ...parts) {
  for (const part of parts) {
    if (typeof part === "string" || part instanceof Node) element.append(part)
    else for (const [name, value] of Object.entries(part || {})) {
      if (typeof value === "function") /** @type {any} */ (element)[name] = value
      else if (value != null && value !== false) element.setAttribute(name, value === true ? "" : String(value))
    }
  }
  return element
}
