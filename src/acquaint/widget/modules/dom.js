/**
 * Elements, made by hand: whatever somebody wrote becomes a text node, never markup, and nothing has a style attribute.
 *
 *     h(tag, props, ...children)   an element
 *     icon(name)                   a drawing that screen readers pass over
 *     linked(text)                 a text in pieces: what looks like a web address is a link
 */

const SVG = "http://www.w3.org/2000/svg"

/** Paths in a box of 24 by 24. */
const PATHS = {
  chat: "M4 5.5A2.5 2.5 0 0 1 6.5 3h11A2.5 2.5 0 0 1 20 5.5v8a2.5 2.5 0 0 1-2.5 2.5H11l-4.6 4.1c-.5.5-1.4.1-1.4-.6V16a2 2 0 0 1-1-1.8zM8 8.5h8M8 11.5h5",
  down: "m5 9 7 7 7-7",
  back: "m15 5-7 7 7 7",
  close: "m6 6 12 12M18 6 6 18",
  send: "M12 20V4M5 11l7-7 7 7",
  clip: "m20 11-8.5 8.5a5 5 0 0 1-7-7L13 4a3.4 3.4 0 0 1 4.8 4.8l-8.4 8.4a1.7 1.7 0 0 1-2.4-2.4l7.7-7.7",
  shield: "M12 3 5 6v5.5c0 4.3 2.9 7.6 7 9.5 4.1-1.9 7-5.2 7-9.5V6zM9 12l2.2 2.2L15.2 10",
  user: "M12 12.5a4 4 0 1 0 0-8 4 4 0 0 0 0 8M4.5 20c.8-3.3 3.8-5 7.5-5s6.7 1.7 7.5 5",
  file: "M14 3H7a2 2 0 0 0-2 2v14a2 2 0 0 0 2 2h10a2 2 0 0 0 2-2V8zM14 3v5h5",
  alert: "M12 8v5M12 16.5v.01M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18",
}

/** A web address, up to what ends a sentence. */
const ADDRESS = /\bhttps?:\/\/[^\s<>"']+[^\s<>"'.,:;!?)\]]/gi

/**
 * @param {string} tag
 * @param {Record<string, any>} [props] `on…` are listeners, `true` an attribute without a value; null and false are none
 * @param {...(Node | string | null | undefined | false)} children
 * @returns {any} the element
 */
export function h(tag, props = {}, ...children) {
  return filled(document.createElement(tag), props, children)
}

/** @param {keyof typeof PATHS} name */
export function icon(name) {
  const path = filled(document.createElementNS(SVG, "path"), { d: PATHS[name] }, [])
  return filled(document.createElementNS(SVG, "svg"), { viewBox: "0 0 24 24", class: "icon", "aria-hidden": "true" }, [path])
}

/**
 * @param {string} text
 * @returns {(Node | string)[]}
 */
export function linked(text) {
  const pieces = []
  let end = 0
  for (const { 0: found, index } of text.matchAll(ADDRESS)) {
    const link = h("a", { href: found, target: "_blank", rel: "noopener noreferrer nofollow" }, found)
    pieces.push(text.slice(end, index), link)
    end = index + found.length
  }
  return [...pieces, text.slice(end)]
}

function filled(element, props, children) {
  for (const [name, value] of Object.entries(props)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value)
    else if (value !== false && value != null) element.setAttribute(name, value === true ? "" : value)
  }
  element.append(...children.filter((it) => it != null && it !== false))
  return element
}
