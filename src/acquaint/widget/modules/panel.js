/**
 * The window with the chat in it: what is in front, the way back, and where the keyboard is.
 *
 * On a wide screen it stands beside the page, and the keyboard may leave it. On a phone it covers the page, and is modal.
 */

import { h, icon, round, sayOnce } from "./dom.js"
import { form } from "./form.js"
import { home } from "./home.js"
import { whoIs } from "./self.js"
import { talk } from "./talk.js"

/**
 * @typedef {object} Around What the window is given.
 * @property {import("./chat.js").Chat} chat
 * @property {{ heading: string, greeting: string, asksWho: boolean }} look
 *
 * @typedef {"home" | "talk" | "form"} Name
 * @typedef {import("./language.js").Words & Around & { go: (view: Name, id?: string) => void }} Place What every view is given.
 *
 * @typedef {object} View
 * @property {HTMLElement} node
 * @property {string} title
 * @property {() => void} update
 * @property {() => void} focus
 * @property {() => void} [close]
 * @property {() => boolean} [isBlank]
 */

/** @type {Record<Name, (place: Place, id?: string) => View>} */
const VIEWS = { home, talk, form }
const COVERS = matchMedia("(max-width: 480px), (max-height: 460px)")
const CAN_BE_FOCUSED = "button:enabled, a, input, textarea, [tabindex='0']"
const MOST_HEARD = 5

/** @param {import("./language.js").Words & Around} around @param {() => void} shut */
export function panel(around, shut) {
  const { say, chat, look } = around, place = { ...around, go: chosen }
  /** @type {Name} */
  let name = "home"
  /** @type {View | null} */
  let view = null
  /** Whether it is where it is because its visitor went there. */
  let isChosen = false

  const back = round(say("back"), "down", { className: "round back", onclick: () => chosen("home") })
  const face = h("div.face", icon("chat")), title = h("h2"), who = h("div")
  const note = h("p.note", { role: "status" })
  const log = h("div.heard", { role: "log", ariaLabel: say("fresh") })
  const head = h("div.head", back, face, h("div", title, who), round(say("close"), "close", { onclick: shut }))
  const node = h("div.panel", { part: "panel", role: "dialog", tabIndex: -1, hidden: true, onkeydown }, head, note, log)

  /** Whether one says who one is before one says anything. */
  const isAsked = () => look.asksWho && chat.isUnknown

  /** Where one begins: in the list, until it is known that nothing is in it; otherwise straight in a conversation. */
  const first = () => (!isAsked() && (!chat.isListed || chat.conversations.length || chat.status === "ended") ? "home" : "talk")

  /** @param {Name} to @param {string} [id] */
  function chosen(to, id) {
    go(to, id)
    isChosen = true
  }

  /** The keyboard goes along, if it is in here. @param {Name} to @param {string} [id] */
  function go(to, id) {
    const isHere = node.matches(":focus-within")
    leave()
    isChosen = false
    name = to === "talk" && isAsked() ? "form" : to
    view = VIEWS[name](place, id)
    log.after(view.node)
    update()
    if (isHere) view.focus()
  }

  function leave() {
    view?.close?.()
    view?.node.remove()
    view = null
  }

  function update() {
    if (!view) return
    if (name === "home" && first() !== name) return go("talk")
    const { status } = chat, isTalk = name === "talk"
    title.textContent = node.ariaLabel = view.title
    who.replaceChildren(isTalk && (status === "claimed" || status === "verified") ? whoIs(place, chat) : "")
    title.hidden = name === "home"
    node.ariaModal = String(COVERS.matches)
    face.hidden = !isTalk
    back.hidden = !isTalk || !chat.conversations.length
    sayOnce(note, chat.isOffline ? say("offline") : status === "ended" ? say(status) : "")
    view.update()
  }

  /** @param {KeyboardEvent} event */
  function onkeydown(event) {
    if (event.key === "Escape" && !event.isComposing) {
      event.stopPropagation()
      shut()
    }
    if (event.key !== "Tab" || !COVERS.matches) return
    const all = /** @type {HTMLElement[]} */ ([...node.querySelectorAll(CAN_BE_FOCUSED)]).filter((it) => it.checkVisibility())
    const { activeElement } = /** @type {ShadowRoot} */ (node.getRootNode())
    if (activeElement !== node && activeElement !== all.at(event.shiftKey ? 0 : -1)) return
    event.preventDefault()
    all.at(event.shiftKey ? -1 : 0)?.focus()
  }

  return {
    node,
    update,

    get isOpen() {
      return !node.hidden
    },

    open() {
      node.hidden = false
      go(first())
      if (navigator.userActivation?.isActive ?? true) view?.focus() // nobody is torn out of the page that they read
    },

    close() {
      node.hidden = true
      leave()
    },

    /** Somebody else is here, or somebody at last. What one is writing in is left only when it is not theirs. */
    becomeOther() {
      const isTheirs = name === "talk" && chat.current && (isChosen || !view?.isBlank?.())
      if (view && !isTheirs && !(name === "form" && chat.isUnknown)) go(first())
    },

    /** Reads a message to those who cannot see it come. @param {{ name: string | null, text: string }} message */
    heard({ name: by, text }) {
      log.append(h("p", `${by ?? say("team")}: ${text}`))
      if (log.children.length > MOST_HEARD) log.firstChild?.remove()
    },
  }
}
