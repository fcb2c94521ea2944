/**
 * The window with the chat in it: what is in front, the way back, and where the keyboard is.
 *
 * On a wide screen it stands beside the page, and the keyboard may leave it. On a phone it covers the page, and is modal.
 */

import { h, icon } from "./dom.js"
import { form } from "./form.js"
import { home } from "./home.js"
import { whoIs } from "./self.js"
import { talk } from "./talk.js"

/**
 * @typedef {object} Place What every view is given.
 * @property {import("./language.js").Words} words
 * @property {import("./chat.js").Chat} chat
 * @property {{ heading: string, greeting: string, asksWho: boolean }} look
 * @property {(view: keyof typeof VIEWS, id?: string) => void} go
 */

const VIEWS = { home, talk, form }
const COVERS = "(max-width: 480px), (max-height: 460px)"
const CAN_BE_FOCUSED = "button:not(:disabled), a[href], input:not([hidden]), textarea, [tabindex='0']"

export class Panel {
  /** @param {Omit<Place, "go">} place @param {() => void} close */
  constructor(place, close) {
    const { words } = place
    this.place = { ...place, go: (view, id) => this.go(view, id) }
    this.name = ""
    this.view = null
    this.covers = matchMedia(COVERS)
    this.back = h("button", { class: "round back", type: "button", "aria-label": words.say("back"), onclick: () => this.go("home") }, icon("back"))
    this.title = h("h2", { id: "title" })
    this.who = h("div")
    const shut = h("button", { class: "round", type: "button", "aria-label": words.say("close"), onclick: close }, icon("close"))
    this.note = h("p", { class: "note", role: "status" })
    this.heard = h("div", { class: "heard", role: "log", "aria-live": "polite", "aria-label": words.say("fresh") })
    this.body = h("div", { class: "view" })
    this.face = h("div", { class: "face" }, icon("chat"))
    const head = h("div", { class: "head" }, this.back, this.face, h("div", {}, this.title, this.who), shut)
    this.node = h("div", { class: "panel", part: "panel", role: "dialog", "aria-labelledby": "title", hidden: true, onkeydown: (event) => this.keyed(event, close) }, head, this.note, this.body, this.heard)
  }

  get isOpen() {
    return !this.node.hidden
  }

  open() {
    this.node.hidden = false
    this.go(this.first())
  }

  close() {
    this.node.hidden = true
    this.leave()
  }

  /** Where one begins: in the list if there is something in it; otherwise straight in a conversation. */
  first() {
    const { chat, look } = this.place
    if (look.asksWho && chat.isUnknown) return "form"
    return chat.conversations.length || chat.status === "ended" ? "home" : "talk"
  }

  go(name, id) {
    const { chat, look } = this.place
    this.leave()
    this.name = name === "talk" && look.asksWho && chat.isUnknown ? "form" : name
    this.view = VIEWS[this.name](this.place, id)
    this.body.replaceChildren(this.view.node)
    this.update()
    if (navigator.userActivation?.isActive ?? true) this.view.focus() // nobody is torn out of the page that they read
  }

  /** Somebody else is here, or somebody at last. What one is writing in is left only when it is not theirs. */
  becomeOther() {
    const { chat } = this.place, isTheirs = this.name === "talk" && chat.current && !this.view?.isBlank
    if (!isTheirs && !(this.name === "form" && chat.isUnknown)) this.go(this.first())
  }

  leave() {
    this.view?.close?.()
    this.view = null
    this.body.replaceChildren()
  }

  update() {
    if (!this.view) return
    const { words, chat } = this.place
    this.title.textContent = this.view.title
    this.who.replaceChildren(...(this.name === "talk" && chat.assurance && chat.assurance !== "anonymous" ? [whoIs(words, chat)] : []))
    this.node.dataset.view = this.name
    this.node.setAttribute("aria-modal", String(this.covers.matches))
    this.face.hidden = this.name !== "talk"
    this.back.hidden = this.name !== "talk" || !chat.conversations.length
    const note = chat.isOffline ? "offline" : chat.status === "ended" ? "ended" : null
    this.note.hidden = !note
    const text = note ? words.say(note) : ""
    if (this.note.textContent !== text) this.note.replaceChildren(...(note ? [icon("alert"), text] : []))
    this.view.update()
  }

  /** Reads a message to those who cannot see it come. @param {string} text */
  say(text) {
    this.heard.append(h("p", {}, text))
    while (this.heard.children.length > 5) this.heard.firstChild.remove()
  }

  keyed(event, close) {
    if (event.key === "Escape" && !event.isComposing) {
      event.stopPropagation()
      close()
    }
    if (event.key !== "Tab" || !this.covers.matches) return
    const all = [...this.node.querySelectorAll(CAN_BE_FOCUSED)].filter((it) => it.checkVisibility())
    const at = this.node.getRootNode().activeElement, [from, to] = event.shiftKey ? [all[0], all.at(-1)] : [all.at(-1), all[0]]
    if (at === from) {
      event.preventDefault()
      to?.focus()
    }
  }
}
