/** A conversation: what was said, what is being said, and where one writes. */

import { composer } from "./composer.js"
import { h, icon } from "./dom.js"
import { said } from "./said.js"

const AT_THE_END = 60 // pixels from it that still count as being there
const IN_A_ROW = 5 * 60_000 // milliseconds between two messages of one turn

/** @param {import("./panel.js").Place} place */
export function talk({ words, chat, look }, id) {
  const it = chat.begin(id)
  /** @type {Map<string, { node: HTMLElement, seen: string }>} nodes that are shown, so that what stays is not made anew */
  let shown = new Map()
  let isAtEnd = true
  let oldest = ""

  const list = h("ol", { "aria-label": words.say("talk"), class: "list" })
  const older = h("button", { class: "link older", type: "button", onclick: () => it.older() }, words.say("older"))
  const intro = h("div", { class: "intro" }, h("div", { class: "face" }, icon("chat")), h("b", {}, look.heading), look.greeting)
  const typing = h("div", { class: "typing", role: "img", "aria-label": words.say("typing") }, h("i"), h("i"), h("i"))
  const wait = h("div", { class: "wait" }, h("i"))
  const wrong = h("div", { class: "wrong", role: "alert" }, icon("alert"), h("p", {}, words.say("broken")), h("button", { class: "main", type: "button", onclick: () => it.load() }, words.say("again")))
  const scroll = h("div", { class: "scroll talk", tabindex: 0, role: "group", "aria-label": words.say("talk"), onscroll: scrolled }, wait, wrong, older, intro, list, typing)
  const jump = h("button", { class: "jump", type: "button", onclick: () => toEnd() }, words.say("fresh"))
  const write = composer(words, { send: (text, files) => (toEnd(), it.say(text, files)), types: (on) => it.types(on) })
  const closed = h("p", { class: "note" }, words.say("closed"))
  const node = h("div", { class: "view" }, scroll, jump, closed, write.node)

  function scrolled() {
    isAtEnd = scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < AT_THE_END
    if (isAtEnd) jump.hidden = true
    if (isAtEnd) it.read()
    if (scroll.scrollTop < AT_THE_END && it.hasOlder && !it.isLoading) it.older()
  }

  function toEnd() {
    isAtEnd = true
    scroll.scrollTop = scroll.scrollHeight
    jump.hidden = true
  }

  function update() {
    const { entries } = it, height = scroll.scrollHeight, top = scroll.scrollTop, wasOldest = oldest, last = list.lastElementChild
    list.replaceChildren(...nodesOf(entries))
    oldest = entries[0]?.id ?? ""
    wait.hidden = !it.isLoading || entries.length > 0
    wrong.hidden = !it.problem || entries.length > 0
    older.hidden = !it.hasOlder
    intro.hidden = it.hasOlder || !wrong.hidden || (it.isLoading && !entries.length)
    typing.hidden = !it.isTyping
    closed.hidden = !it.isClosed
    write.node.hidden = it.isClosed
    if (isAtEnd) toEnd()
    else if (wasOldest && oldest !== wasOldest) scroll.scrollTop = top + scroll.scrollHeight - height
    else jump.hidden = !(list.lastElementChild !== last && entries.at(-1)?.isMine === false) && jump.hidden
    if (isAtEnd) it.read()
  }

  function nodesOf(entries) {
    const nodes = [], kept = new Map()
    let day = "", isFresh = false
    entries.forEach((entry, place) => {
      const before = entries[place - 1], after = entries[place + 1]
      const today = words.day(entry.at)
      if (today !== day) nodes.push(keep(kept, `day ${today}`, today, () => h("li", { class: "day" }, today)))
      if (!isFresh && it.isFresh(entry)) {
        isFresh = true
        nodes.push(keep(kept, "fresh", "", () => h("li", { class: "day fresh" }, words.say("fresh"))))
      }
      const isTurn = today !== day || !inARow(before, entry), isLast = !inARow(entry, after)
      const state = JSON.stringify([entry.state, entry.text, entry.isDeleted, entry.isEdited, entry.isSeen && isLast, isTurn, isLast, entry.problem, entry.files.length])
      const how = { words, isTurn, isLast, again: () => it.again(entry), discard: () => it.discard(entry), loaded: () => isAtEnd && toEnd() }
      nodes.push(keep(kept, entry.key, state, () => said(entry, how)))
      day = today
    })
    shown = kept
    return nodes
  }

  function keep(kept, key, seen, make) {
    const known = shown.get(key), found = known?.seen === seen ? known : { node: make(), seen }
    kept.set(key, found)
    return found.node
  }

  jump.hidden = true
  return {
    node,
    get title() {
      return it.title ?? words.say("team")
    },
    get isBlank() {
      return !it.entries.length && write.isBlank
    },
    update,
    focus: () => write.focus(),
    close: () => (write.forget(), it.close()),
  }
}

function inARow(one, other) {
  return Boolean(one && other && one.isMine === other.isMine && one.name === other.name && Date.parse(other.at) - Date.parse(one.at) < IN_A_ROW)
}
