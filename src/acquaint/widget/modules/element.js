/**
 * `<acquaint-chat>`: the chat as one element of a page.
 *
 *     app, url              whose chat, and on which server; without a url, the one this file is from
 *     workspace             a label that scopes what is seen
 *     token                 a JWT that the page's own backend signed: who is logged in there, verified; empty: nobody is
 *     user-name, user-email what the page believes of its visitor, unverified
 *     collect-user-data     ask for a name and an address before the first message
 *     lang, theme           `de`; `light` or `dark`
 *     heading, greeting     instead of our own words
 *     open                  whether the window is open
 *
 * Methods: show(), hide(), logIn(jwt), logOut(), setUserData({ name, email, phone, custom }).
 * Events: acquaint:open, acquaint:close, acquaint:unread (detail: how many), acquaint:auth (detail: who), acquaint:error.
 *
 * Nothing is asked of the server and nothing kept in the browser before somebody does something, or the page says who
 * its visitor is with a token.
 */

import { Chat } from "./chat.js"
import { h } from "./dom.js"
import { wordsOf } from "./language.js"
import { launcher } from "./launcher.js"
import { panel } from "./panel.js"
import { sheet } from "./styles.js"

const HOME = new URL(import.meta.url).origin
const ATTRIBUTES = ["app", "url", "workspace", "token", "lang", "theme", "heading", "greeting", "collect-user-data", "open", "user-name", "user-email"]

/** @typedef {import("./client/types.js").Claims} Claims */

export class AcquaintChat extends HTMLElement {
  static observedAttributes = ATTRIBUTES

  /** Made when it is needed: not for those who only look at the page. @type {Chat | null} */
  chat = null
  /** The language, and what the page says instead. @type {import("./language.js").Words & Pick<import("./panel.js").Around, "look"> | null} */
  #words = null
  /** @type {Claims | null} */
  #userData = null
  /** @type {ReturnType<typeof panel> | null} */
  #panel = null
  /** @type {ReturnType<typeof launcher> | null} */
  #launcher = null
  /** Counts what is built, so that what is late is dropped. */
  #builds = 0
  #root = h("div.root")

  constructor() {
    super()
    const shadow = this.attachShadow({ mode: "open" })
    shadow.adoptedStyleSheets = [sheet()]
    shadow.append(this.#root)
  }

  connectedCallback() {
    this.#tried(this.#build())
  }

  disconnectedCallback() {
    this.#leave()
  }

  /** @param {string} name @param {string | null} before @param {string | null} now */
  attributeChangedCallback(name, before, now) {
    if (before === now || !this.isConnected || name === "theme") return
    if (name === "open") this.#toggle()
    else if (name === "token") this.#tried(now ? this.logIn(now) : now === "" && this.chat?.seeOff())
    else if (name === "workspace") this.#tried(this.chat?.client.useWorkspace(now))
    else if (name.startsWith("user-")) this.setUserData(this.#namedUser())
    else this.#tried(this.#build())
  }

  show() {
    this.toggleAttribute("open", true)
  }

  hide() {
    this.toggleAttribute("open", false)
  }

  /** The visitor is whom the page's backend vouches for. @param {string} jwt */
  async logIn(jwt) {
    await this.#made().logIn(jwt)
  }

  /** Nothing of the visitor stays in this browser. */
  async logOut() {
    for (const name of ["token", "user-name", "user-email"]) this.removeAttribute(name)
    await this.#made().logOut()
  }

  /** What the page believes of the visitor. It proves nothing, and is said with the first thing they write. @param {Claims | null} data */
  setUserData(data) {
    this.#userData = data
    this.chat?.setUserData(data)
  }

  #namedUser() {
    const name = this.getAttribute("user-name") ?? undefined, email = this.getAttribute("user-email") ?? undefined
    return name || email ? { name, email } : null
  }

  async #build() {
    this.#leave()
    const build = this.#builds, lang = this.closest("[lang]")?.getAttribute("lang")
    if (!this.getAttribute("app")) return console.error("acquaint-chat: no app")
    this.#userData = this.#namedUser() ?? this.#userData
    const words = await wordsOf([lang, ...navigator.languages])
    if (build !== this.#builds) return
    const said = (/** @type {"heading" | "greeting"} */ name) => this.getAttribute(name) ?? words.say(name)
    const look = { heading: said("heading"), greeting: said("greeting"), asksWho: this.hasAttribute("collect-user-data") }
    this.#words = { ...words, look }
    this.#root.lang = words.language
    this.#root.dir = words.direction
    this.#launcher = launcher(words, () => this.toggleAttribute("open"))
    this.#root.replaceChildren(this.#launcher.node)
    this.#update()
    if (this.hasAttribute("open")) this.#toggle()
    else if (this.getAttribute("token") || wasHere()) this.#made()
  }

  /** The chat, which soon knows who is here. */
  #made() {
    if (this.chat) return this.chat
    const said = (/** @type {string} */ name) => this.getAttribute(name), token = said("token")
    const where = { app: said("app") ?? "", url: said("url") ?? HOME, workspace: said("workspace"), userData: this.#userData }
    const chat = (this.chat = new Chat(where, () => this.#update(), (kind, detail) => this.#tell(kind, detail)))
    if (token === "") this.#tried(chat.seeOff())
    chat.start(token)
    return chat
  }

  #leave() {
    this.#builds += 1
    this.#panel?.close()
    this.chat?.close()
    this.chat = this.#panel = this.#launcher = null
    this.#root.replaceChildren()
  }

  /** The window opens at once, whatever is still on its way. */
  #toggle() {
    const words = this.#words, isOpen = this.hasAttribute("open"), wasInside = this.shadowRoot?.activeElement
    if (!this.#launcher || !words || isOpen === Boolean(this.#panel?.isOpen)) return // or it is opened when it is built
    if (!this.#panel) this.#root.append((this.#panel = panel({ ...words, chat: this.#made() }, () => this.hide())).node)
    if (isOpen) this.#panel.open()
    else this.#panel.close()
    this.#update()
    if (!isOpen && wasInside) this.#launcher.node.focus()
    this.#tell(isOpen ? "open" : "close")
  }

  #update() {
    const isOpen = this.#panel?.isOpen ?? false
    this.#launcher?.update(isOpen, this.chat?.unread ?? 0)
    if (isOpen) this.#panel?.update()
  }

  /** @param {string} kind @param {any} [detail] */
  #tell(kind, detail) {
    if (kind === "heard") return this.#panel?.heard(detail)
    if (kind === "auth") this.#panel?.becomeOther()
    this.dispatchEvent(new CustomEvent(`acquaint:${kind}`, { detail, bubbles: true, composed: true }))
  }

  /** @param {unknown} something */
  async #tried(something) {
    try {
      await something
    } catch (/** @type {any} */ error) {
      if (error.name !== "AbortError") this.#tell("error", error)
    }
  }
}

/** Whether this browser keeps anything of a chat: otherwise there is nobody to ask about. */
function wasHere() {
  try {
    return Object.keys(localStorage).some((it) => it.startsWith("acquaint:"))
  } catch {
    return false
  }
}

/**
 * The chat without an element in the page's text: puts one into the page, or takes the one that is there for this app,
 * and opens it.
 *
 * @param {{ app: string, url?: string, workspace?: string, token?: string, user?: Claims, collectUserData?: boolean, lang?: string,
 *   theme?: "light" | "dark", heading?: string, greeting?: string, open?: boolean }} how
 */
export function open(how) {
  const found = document.querySelector(`acquaint-chat[app="${CSS.escape(how.app)}"]`)
  const element = /** @type {AcquaintChat} */ (found ?? document.createElement("acquaint-chat"))
  /** @type {Record<string, unknown>} */
  const said = { open: true, ...how, userName: how.user?.name, userEmail: how.user?.email }
  for (const name of ATTRIBUTES) {
    const value = said[name.replace(/-./g, (it) => it.slice(1).toUpperCase())]
    if (typeof value === "boolean") element.toggleAttribute(name, value)
    else if (value != null) element.setAttribute(name, String(value))
  }
  if (!found) document.body.append(element)
  if (how.user) element.setUserData(how.user)
  return element
}
