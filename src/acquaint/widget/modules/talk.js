/** A conversation: what was said, what is being said, and where one writes. */

import { composer } from "./composer.js"
import { h, icon } from "./dom.js"
import { ghosts, missing } from "./waiting.js"
import { rating } from "./rating.js"
import { said } from "./said.js"

const AT_THE_END = 60 // pixels from it that still count as being there
const IN_A_ROW = 5 * 60_000 // milliseconds between two messages of one turn

/** @typedef {import("./exchange.js").Entry} Entry */

/** @param {import("./panel.js").Place} place @param {string} [id] */
export function talk(place, id) {
  const { say, day, chat, look } = place, it = chat.begin(id)
  /** @type {Map<string, { node: HTMLElement, seen: string }>} nodes that are shown, so that what stays is not made anew */
  let shown = new Map()
  let isAtEnd = true, height = 0
  /** @type {Entry | undefined} */
  let oldest
  /** @type {Entry | undefined} */
  let latest

  const list = h("ol.list", { onclick })
  const older = h("button.link", { onclick: () => it.load(it.next) }, say("older"))
  const intro = h("div.intro", h("div.face", icon("chat")), h("b", look.heading), look.greeting), waiting = h("ul", ...ghosts())
  const typing = h("div.dots", { role: "img" }, h("i"), h("i"), h("i"))
  const wrong = missing(say, () => (scroll.focus(), it.load()))
  const jump = h("button.jump", { onclick: toEnd }, say("fresh"))
  const scroll = h("div.scroll.talk", { tabIndex: 0, role: "group", ariaLabel: say("talk"), onscroll }, wrong, older, intro, waiting, list, typing, jump)
  const write = composer(place, (text, files) => (toEnd(), it.say(text, files)), (on) => it.types(on))
  const closed = h("div.closed", h("p", say("closed"))), rated = rating(place, it)
  const node = h("div.view", scroll, closed, rated.node, write.node)

  /** What failed goes, with the buttons below it. @param {{ target: HTMLElement }} event */
  function onclick({ target }) {
    if (target.matches("button")) write.focus()
  }

  function onscroll() {
    if (scroll.clientHeight !== height) return // it was not the visitor who scrolled
    isAtEnd = scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < AT_THE_END
    if (isAtEnd) arrived()
    if (scroll.scrollTop < AT_THE_END && it.next) it.load(it.next)
  }

  /** A keyboard comes up, a text grows: what was in view stays. */
  function onresize() {
    height = scroll.clientHeight
    if (isAtEnd) toEnd()
  }

  function toEnd() {
    isAtEnd = true
    arrived()
    scroll.scrollTop = scroll.scrollHeight
  }

  /** What is below is before somebody's eyes. */
  function arrived() {
    jump.hidden = true
    it.read()
  }

  function update() {
    const { entries } = it, { scrollHeight, scrollTop } = scroll, [first] = entries, last = entries.at(-1)
    list.replaceChildren(...nodesOf(entries))
    wrong.hidden = !it.isBroken || Boolean(first)
    older.hidden = !it.next
    waiting.hidden = !it.isLoading || Boolean(it.about)
    intro.hidden = Boolean(it.next) || !wrong.hidden || !waiting.hidden
    scroll.ariaBusy = String(it.isLoading)
    typing.hidden = it.typing === null || Boolean(it.about?.closed_at)
    typing.ariaLabel = say("typing", it.typing || say("team"))
    closed.hidden = !it.about?.closed_at
    if (!closed.hidden && write.node.matches(":focus-within")) scroll.focus()
    write.node.hidden = !closed.hidden
    rated.update()
    if (isAtEnd) toEnd()
    else if (oldest && first?.key !== oldest.key) scroll.scrollTop = scrollTop + scroll.scrollHeight - scrollHeight
    else if (last && !last.isMine && last.key !== latest?.key) jump.hidden = false
    oldest = first
    latest = last
  }

  /** @param {Entry[]} entries */
  function nodesOf(entries) {
    const kept = new Map()
    let today = "", isFresh = false

    /** @param {string} key @param {unknown} state @param {() => HTMLElement} make */
    function keep(key, state, make) {
      const seen = JSON.stringify(state), known = shown.get(key)
      kept.set(key, known?.seen === seen ? known : { node: make(), seen })
    }

    entries.forEach((entry, at) => {
      const before = entries[at - 1], after = entries[at + 1], date = day(entry.created_at), isNewDay = date !== today
      if (isNewDay) keep(`day ${(today = date)}`, 0, () => h("li.day", date))
      if (!isFresh && (isFresh = it.isFresh(entry))) keep("fresh", 0, () => h("li.day.fresh", say("fresh")))
      const isTurn = isNewDay || !inARow(before, entry), isLast = !inARow(entry, after)
      const make = () => said(place, it, entry, isTurn, isLast, () => isAtEnd && toEnd())
      keep(entry.key, [entry, isTurn, isLast], make)
    })
    shown = kept
    return [...kept.values()].map(({ node }) => node)
  }

  new ResizeObserver(onresize).observe(scroll)

  return {
    node,
    get title() {
      return (it.about ?? chat.listed(id))?.title ?? say("team")
    },
    isBlank: () => !it.entries.length && write.isBlank(),
    update,
    focus: () => (it.about?.closed_at ? scroll : write).focus(),
    close: () => (write.forget(), it.close()),
  }
}

/** @param {Entry} [one] @param {Entry} [other] */
function inARow(one, other) {
  return one && other && one.isMine === other.isMine && one.name === other.name && Date.parse(other.created_at) - Date.parse(one.created_at) < IN_A_ROW
}
