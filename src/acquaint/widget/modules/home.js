/** The list of conversations, and who one is. */

import { h, icon } from "./dom.js"
import { ghosts, missing } from "./waiting.js"
import { counted } from "./launcher.js"
import { selfOf } from "./self.js"

const CLOSE = 200 // pixels from the end

/** @param {import("./panel.js").Place} place */
export function home(place) {
  const { say, short, chat, look, go } = place
  const start = h("button.row.start", { onclick: () => go("talk") }, h("b", say("start")), h("span.face", icon("send")))
  const first = h("div.card", start), list = h("ul.card"), waiting = ghosts(), wrong = missing(say, () => (start.focus(), chat.start())), self = selfOf(place, chat)
  const hero = h("div.hero", h("p.big", look.heading), h("p", look.greeting))
  const node = h("div.view", h("div.scroll.home", { onscroll }, hero, first, list, wrong), self.node)
  let shown = ""

  /** @param {{ target: HTMLElement }} event */
  function onscroll({ target: { scrollHeight, scrollTop, clientHeight } }) {
    if (scrollHeight - scrollTop - clientHeight < CLOSE) chat.more()
  }

  /** @param {import("./client/types.js").Conversation} it */
  function row(it) {
    const last = it.last_message, text = last && (last.deleted_at ? say("deleted") : last.text || chat.filesOf(last)[0]?.name)
    const by = last && (chat.isMine(last) ? say("you") : chat.nameOf(last, it) ?? say("team"))
    return h(
      "li",
      h(
        `button.row${it.unread ? ".new" : ""}`,
        { id: it.id, onclick: () => go("talk", it.id) },
        h("span.face", icon("chat")),
        h("div", h("p", { dir: "auto" }, text || it.title || say("talk")), h("p", { dir: "auto" }, (text && it.title) || by)),
        h("span.end", h("time", { dateTime: it.updated_at }, short(last?.created_at ?? it.updated_at)), counted(it.unread, say)),
      ),
    )
  }

  return {
    node,
    title: look.heading,
    update() {
      const root = /** @type {ShadowRoot} */ (node.getRootNode()), focused = root.activeElement
      const isWaiting = !chat.isListed && !chat.isBroken, wanted = JSON.stringify([isWaiting, chat.conversations])
      if (wanted !== shown) { // else somebody may be about to click what would be drawn anew
        list.replaceChildren(...(isWaiting ? waiting : chat.conversations.map(row)))
        list.ariaBusy = String(isWaiting)
        if (focused && !focused.isConnected) root.getElementById(focused.id)?.focus()
        shown = wanted
      }
      first.hidden = chat.status === "ended"
      list.hidden = !list.firstChild
      wrong.hidden = chat.isListed || !chat.isBroken
      self.update()
    },
    focus: () => start.focus(),
  }
}
