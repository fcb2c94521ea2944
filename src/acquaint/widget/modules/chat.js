/**
 * What the widget knows: who is here, their conversations, how the connection is. It draws nothing.
 *
 * `changed` is called when something is to be drawn anew; `told` with what the page may want to know: `auth`, `unread`,
 * `error`, and `heard`, a message of somebody else's.
 */

import { createClient } from "./client/index.js"
import { claimsIn, mayBe } from "./client/kept.js"
import { Exchange } from "./exchange.js"
import { sharedIn } from "./files.js"

const LISTED = 50
const SOON = 80 // milliseconds in which several changes are drawn as one

export class Chat {
  conversations = []
  /** The conversation in front. @type {Exchange | null} */
  current = null
  #unread = 0
  #drawing = 0
  #listing = 0

  /** @param {import("./client/types.js").Options} where @param {() => void} changed @param {(kind: string, detail?: any) => void} told */
  constructor(where, changed, told) {
    this.client = createClient(where)
    this.knows = where.userData ?? null
    this.told = told
    this.changed = () => {
      this.#drawing ||= setTimeout(() => {
        this.#drawing = 0
        if (this.unread !== this.#unread) told("unread", (this.#unread = this.unread))
        changed()
      }, SOON / 4)
    }
    this.who = this.client.state
    this.stops = [this.client.onAuthStateChange((state) => this.#become(state)), this.client.listen((news) => this.#hear(news))]
    for (const name of ["online", "offline"]) addEventListener(name, this.changed)
    document.addEventListener("visibilitychange", this.changed)
  }

  /** What is there is read; whoever the token names is logged in, unless they are already. @param {string | null} token */
  async start(token) {
    await this.client.ready
    if (token) await this.logIn(token).catch((error) => this.told("error", error))
    await this.list()
  }

  // Who is here

  get status() {
    return this.who.status
  }

  /** How sure the server is who it is; null while nobody is here. */
  get assurance() {
    return this.status === "nobody" || this.status === "ended" ? null : this.status
  }

  get name() {
    const { user, status } = this.who
    if (!user) return null
    return status === "verified" ? user.name ?? user.identifiers.email ?? user.identifiers.login : user.claimed.name ?? user.claimed.email
  }

  /** Whether neither the visitor nor the page has said who it is. */
  get isUnknown() {
    return !this.knows && (this.status === "nobody" || this.status === "anonymous")
  }

  get isOffline() {
    return this.client.connection === "offline" || navigator.onLine === false
  }

  get unread() {
    return this.conversations.reduce((sum, it) => sum + it.unread, 0)
  }

  /** The page's word counts: whoever was logged in before goes first. @param {string} jwt */
  async logIn(jwt) {
    const { status, user } = this.client.state, isSame = mayBe(user, claimsIn(jwt))
    if (status === "verified" && isSame) return
    await (status === "verified" || (status === "ended" && !isSame) ? this.client.logOutThenLogIn(jwt) : this.client.logIn(jwt))
  }

  async logOut() {
    this.setUserData(null)
    await this.client.logOut()
  }

  setUserData(claims) {
    this.knows = claims
    this.client.setUserData(claims)
  }

  useWorkspace(workspace) {
    return this.client.useWorkspace(workspace)
  }

  /** @param {{ name: string, email: string }} claims */
  async claim(claims) {
    await this.client.sayWhoIAm(claims)
  }

  // What is shown

  /** @param {string} [id] none: a new conversation */
  begin(id) {
    this.current?.close()
    this.current = new Exchange(this, id)
    return this.current
  }

  async list() {
    const asked = (this.#listing += 1)
    try {
      const { items } = await this.client.conversations({ limit: LISTED })
      if (asked === this.#listing) this.conversations = items
    } catch (error) {
      if (!error.isOffline && error.code !== "superseded") this.told("error", error)
    }
    this.changed()
  }

  /** Something was said: its conversation is the first. @returns {boolean} whether it was not known yet */
  said(message) {
    const it = this.conversations.find((one) => one.id === message.conversation_id)
    if (!it || Number(message.id) <= Number(it.last_message?.id)) return false
    Object.assign(it, { last_message: message, updated_at: message.created_at })
    this.conversations = [it, ...this.conversations.filter((other) => other !== it)]
    return true
  }

  isMine(message) {
    return message.author === "user" && message.sender_id === this.who.user?.id
  }

  /** It is read aloud, if somebody else said it. */
  heard(message, conversation) {
    if (!this.isMine(message)) this.told("heard", { name: this.nameOf(message, conversation), text: message.text })
  }

  nameOf(message, conversation) {
    return conversation?.members.find((it) => it.user.id === message.sender_id)?.user.name ?? null
  }

  filesOf(message) {
    return sharedIn(this.client, message.payload)
  }

  /** The server's own words for what it refused; null where nothing was heard of it. */
  wordsOf(error) {
    return (error?.status && error.status < 500 && error.detail) || null
  }

  close() {
    clearTimeout(this.#drawing)
    for (const stop of this.stops) stop()
    for (const name of ["online", "offline"]) removeEventListener(name, this.changed)
    document.removeEventListener("visibilitychange", this.changed)
    this.current?.close()
    this.client.close()
  }

  // What happens

  /** Somebody else is here, or somebody is where nobody was: nothing that was shown before stays. */
  async #become(state) {
    const before = this.who
    this.who = state
    const isOther = (before.user?.id ?? null) !== (state.user?.id ?? null) && before.user
    const isNews = isOther || before.status !== state.status || before.workspace !== state.workspace
    if (isOther || before.workspace !== state.workspace || state.status === "ended") {
      this.conversations = []
      this.current?.close()
      this.current = null
    }
    if (!isNews) return this.changed()
    await this.list()
    this.told("auth", { status: state.status, user: state.user, workspace: state.workspace })
    this.changed()
  }

  /** @param {import("./client/types.js").News} news */
  #hear(news) {
    if (news.type === "connection" && news.status === "online") this.current?.comeBack()
    if (news.type === "gap") this.current?.load()
    if (news.type === "gap" || (news.type === "connection" && news.status === "online")) this.list()
    if (news.type === "typing") this.current?.hear(news)
    if (news.type === "event") this.#happens(news)
    this.changed()
  }

  #happens(event) {
    const { message, kind } = event
    const it = this.conversations.find((one) => one.id === event.conversation)
    if (kind === "message.posted" && message && message.conversation_id !== this.current?.id) this.heard(message, it)
    if (it && kind === "messages.read" && event.user === this.who.user?.id) it.unread = 0
    if (it && kind === "message.posted" && message) {
      if (this.said(message) && !this.isMine(message)) it.unread += 1
    } else if (!it || kind.startsWith("conversation") || kind === "members.changed") this.list()
    this.current?.hear(event)
  }
}
