/** The list of conversations, and who one is. */

import { h, icon } from "./dom.js"
import { counted } from "./launcher.js"
import { selfOf } from "./self.js"

/** @param {import("./panel.js").Place} place */
export function home({ words, chat, look, go }) {
  const list = h("ul"), start = h("button", { class: "row", onclick: () => go("talk") }, h("span", { class: "face" }, icon("send")), h("div", {}, h("b", {}, words.say("start"))))
  const listed = h("div", { class: "card" }, list), self = selfOf(words, chat)
  const node = h(
    "div",
    { class: "view" },
    h(
      "div",
      { class: "scroll" },
      h("div", { class: "hero" }, h("p", { class: "big" }, look.heading), h("p", {}, look.greeting)),
      h("div", { class: "home" }, h("div", { class: "card" }, start), listed),
    ),
    self.node,
  )

  function row(it) {
    const last = it.last_message, text = last ? previewOf(last) : ""
    const by = last && (chat.isMine(last) ? words.say("you") : chat.nameOf(last, it) ?? words.say("team"))
    return h(
      "li",
      {},
      h(
        "button",
        { class: it.unread ? "row new" : "row", "data-id": it.id, onclick: () => go("talk", it.id) },
        h("span", { class: "face" }, icon("chat")),
        h("div", {}, h("p", {}, h("bdi", {}, text || it.title || words.say("talk"))), h("p", {}, h("bdi", {}, (text && it.title) || by))),
        h("span", { class: "end" }, h("time", { datetime: it.updated_at }, words.short(last?.created_at ?? it.updated_at)), counted(it.unread, words)),
      ),
    )
  }

  function previewOf(message) {
    if (message.deleted_at) return words.say("deleted")
    const [file] = chat.filesOf(message)
    return message.text || file?.name || ""
  }

  return {
    node,
    title: look.heading,
    update() {
      const focused = node.getRootNode().activeElement?.getAttribute("data-id")
      list.replaceChildren(...chat.conversations.map(row))
      if (focused) list.querySelector(`[data-id="${focused}"]`)?.focus()
      start.parentElement.hidden = chat.status === "ended"
      listed.hidden = !chat.conversations.length
      self.update()
    },
    focus: () => start.focus(),
  }
}
