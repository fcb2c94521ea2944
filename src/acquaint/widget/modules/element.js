/**
 * `<acquaint-chat>`: the chat as one element of a page.
 *
 *     app, url              whose chat, and on which server; without a url, the one this file is from
 *     workspace             a label that scopes what is seen
 *     token                 a JWT that the page's own backend signed: who is logged in there, verified
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

import { h } from "./dom.js"
import { Words, languageOf, wordsOf } from "./language.js"
import { launcher } from "./launcher.js"
import { sheet } from "./styles.js"

const HOME = new URL(import.meta.url).origin
const ATTRIBUTES = { app: "app", url: "url", workspace: "workspace", token: "token", lang: "lang", theme: "theme", heading: "heading", greeting: "greeting" }
const REMADE_BY = ["app", "url", "lang", "heading", "greeting", "collect-user-data"]

export class AcquaintChat extends HTMLElement {
  static observedAttributes = [...REMADE_BY, "open", "token", "workspace", "user-name", "user-email"]

  /** Loaded when it is needed: not by those who only look at the page. @type {import("./chat.js").Chat | null} */
  chat = null
  #words = new Words()
  #loading = null
  #userData = null
  #panel = null
  #launcher = null
  /** Counts what is built, so that what is late is dropped. */
  #builds = 0
  #root = h("div", { class: "root" })

  constructor() {
    super()
    const shadow = this.attachShadow({ mode: "open" })
    shadow.adoptedStyleSheets = [sheet()]
    shadow.append(this.#root)
  }

  connectedCallback() {
    this.#build()
  }

  disconnectedCallback() {
    this.#leave()
  }

  attributeChangedCallback(name, before, now) {
    if (before === now || !this.isConnected) return
    if (REMADE_BY.includes(name)) this.#build()
    else if (name === "open") this.#tried(this.#toggle())
    else if (name === "token" && now) this.#tried(this.logIn(now))
    else if (name === "workspace") this.#tried(this.chat?.useWorkspace(now))
    else if (name.startsWith("user-")) this.setUserData(this.#namedUser())
  }

  show() {
    this.setAttribute("open", "")
  }

  hide() {
    this.removeAttribute("open")
  }

  /** The visitor is whom the page's backend vouches for. @param {string} jwt */
  async logIn(jwt) {
    await (await this.#loaded()).logIn(jwt)
  }

  /** Nothing of the visitor stays in this browser. */
  async logOut() {
    for (const name of ["token", "user-name", "user-email"]) this.removeAttribute(name)
    await (await this.#loaded()).logOut()
  }

  /** What the page believes of the visitor. It proves nothing, and is said with the first thing they write. */
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
    const build = this.#builds, closest = this.closest("[lang]")?.getAttribute("lang")
    if (!this.getAttribute("app")) return console.error("<acquaint-chat> needs an app")
    this.#userData = this.#namedUser() ?? this.#userData
    const words = await wordsOf(languageOf([closest, ...navigator.languages]))
    if (build !== this.#builds) return
    this.#words = words
    this.#root.lang = words.language
    this.#root.dir = words.direction
    this.#launcher = launcher(words, () => this.toggleAttribute("open"))
    this.#root.replaceChildren(this.#launcher.node)
    this.#update()
    if (this.hasAttribute("open")) this.#tried(this.#toggle())
    else if (this.hasAttribute("token") || wasHere()) this.#tried(this.#loaded())
  }

  /** The chat, which knows who is here. */
  #loaded() {
    this.#loading ??= this.#load(this.#builds)
    return this.#loading
  }

  async #load(build) {
    const { Chat } = await import("./chat.js")
    if (build !== this.#builds) throw new DOMException("The chat was made anew.", "AbortError")
    const said = (name) => this.getAttribute(name), where = { app: said("app"), url: said("url") ?? HOME, workspace: said("workspace"), userData: this.#userData }
    const chat = (this.chat = new Chat(where, () => this.#update(), (kind, detail) => this.#tell(kind, detail)))
    await chat.start(said("token"))
    return chat
  }

  #leave() {
    this.#builds += 1
    this.#panel?.close()
    this.chat?.close()
    this.chat = this.#panel = this.#launcher = this.#loading = null
    this.#root.replaceChildren()
  }

  /** The window and all that is in it is loaded when it is first opened. */
  async #toggle() {
    const build = this.#builds
    if (!this.#launcher) return // it is opened when it is built
    if (this.hasAttribute("open") && !this.#panel) {
      const [{ Panel }, chat] = await Promise.all([import("./panel.js"), this.#loaded()])
      if (build !== this.#builds) return
      const words = this.#words, said = (name) => this.getAttribute(name)
      const look = { heading: said("heading") ?? words.say("heading"), greeting: said("greeting") ?? words.say("greeting"), asksWho: this.hasAttribute("collect-user-data") }
      this.#panel ??= new Panel({ words, chat, look }, () => this.hide())
      this.#root.append(this.#panel.node)
    }
    const isOpen = this.hasAttribute("open"), wasInside = this.shadowRoot.activeElement !== null
    if (!this.#panel || this.#panel.isOpen === isOpen) return
    if (isOpen) this.#panel.open()
    else this.#panel.close()
    this.#update()
    if (!isOpen && wasInside) this.#launcher.node.focus()
    this.#tell(isOpen ? "open" : "close")
  }

  #update() {
    this.#launcher?.update(Boolean(this.#panel?.isOpen), this.chat?.unread ?? 0)
    if (this.#panel?.isOpen) this.#panel.update()
  }

  #tell(kind, detail) {
    if (kind === "heard") return this.#panel?.say(`${detail.name ?? this.#words.say("team")}: ${detail.text}`)
    if (kind === "auth" && this.#panel?.isOpen) this.#panel.becomeOther()
    this.dispatchEvent(new CustomEvent(`acquaint:${kind}`, { detail, bubbles: true, composed: true }))
  }

  #tried(something) {
    something?.catch((error) => error.name !== "AbortError" && this.#tell("error", error))
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
 * @param {{ app: string, url?: string, workspace?: string, token?: string, user?: { name?: string, email?: string, phone?: string,
 *   custom?: Record<string, unknown> }, collectUserData?: boolean, lang?: string, theme?: "light" | "dark", heading?: string,
 *   greeting?: string, open?: boolean }} how
 * @returns {AcquaintChat}
 */
export function open(how) {
  const found = document.querySelector(`acquaint-chat[app="${CSS.escape(how.app)}"]`)
  const element = /** @type {AcquaintChat} */ (found ?? document.createElement("acquaint-chat"))
  for (const [name, attribute] of Object.entries(ATTRIBUTES)) if (how[name] != null) element.setAttribute(attribute, how[name])
  if (how.collectUserData != null) element.toggleAttribute("collect-user-data", how.collectUserData)
  if (how.user?.name) element.setAttribute("user-name", how.user.name)
  if (how.user?.email) element.setAttribute("user-email", how.user.email)
  element.toggleAttribute("open", how.open ?? true)
  if (!found) document.body.append(element)
  if (how.user) element.setUserData(how.user)
  return element
}
