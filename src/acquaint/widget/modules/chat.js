/**
 * What the widget knows: who is here, their conversations, how the connection is. It draws nothing.
 *
 * `changed` is called when something is to be drawn anew; `told` with what the page may want to know: `auth`, `unread`,
 * `error`, and `heard`, a message of somebody else's.
 */

import { ChatClient } from "./client/chat.js"
import { claimsIn, mayBe } from "./client/kept.js"
import { Exchange, isLate } from "./exchange.js"
import { sharedIn } from "./files.js"

const LISTED = 50
const SOON = 20 // milliseconds in which several changes are drawn as one

/** @typedef {import("./client/types.js").Conversation} Conversation */
/** @typedef {import("./client/types.js").Message} Message */
/** @typedef {Partial<import("./client/errors.js").AcquaintError>} Problem What was thrown: ours, or not. */

export class Chat {
  /** The latest first. @type {Conversation[]} */
  conversations = []
  /** The conversation in front. @type {Exchange | null} */
  current = null
  #unread = 0
  #drawing = 0
  #listing = 0
  #isOver = new AbortController()

  /**
   * @param {import("./client/types.js").Options} where
   * @param {() => void} changed
   * @param {(kind: string, detail?: any) => void} told
   */
  constructor(where, changed, told) {
    const { signal } = this.#isOver, client = (this.client = new ChatClient(where))
    this.knows = where.userData
    this.who = client.state
    this.told = told
    this.changed = () => {
      this.#drawing ||= setTimeout(() => {
        this.#drawing = 0
        if (signal.aborted) return
        if (this.unread !== this.#unread) told("unread", (this.#unread = this.unread))
        changed()
      }, SOON)
    }
    client.onAuthStateChange((state) => this.#become(state))
    client.listen((news) => this.#hear(news))
    for (const name of ["online", "offline", "visibilitychange"]) addEventListener(name, this.changed, { signal })
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

  get name() {
    const { user, status } = this.who
    if (!user) return null
    const { name, identifiers, claimed } = user
    return status === "verified" ? name ?? identifiers.email ?? identifiers.login : claimed.name ?? claimed.email
  }

  /** Whether neither the visitor nor the page has said who it is. */
  get isUnknown() {
    return !this.knows && (this.status === "nobody" || this.status === "anonymous")
  }

  get isOffline() {
    return this.client.connection === "offline" || !navigator.onLine
  }

  get unread() {
    return this.conversations.reduce((sum, it) => sum + it.unread, 0)
  }

  /** The page's word counts: whoever was logged in before goes first. @param {string} jwt */
  async logIn(jwt) {
    const { status, user } = this.client.state, isVerified = status === "verified", isSame = mayBe(user, claimsIn(jwt))
    if (isVerified && isSame) return
    await (isVerified || (status === "ended" && !isSame) ? this.client.logOutThenLogIn(jwt) : this.client.logIn(jwt))
  }

  async logOut() {
    this.setUserData(null)
    await this.client.logOut()
  }

  /** @param {import("./client/types.js").Claims | null} claims */
  setUserData(claims) {
    this.knows = claims
    this.client.setUserData(claims)
  }

  // What is shown

  /** @param {string} [id] none: a new conversation */
  begin(id) {
    this.current?.close()
    return (this.current = new Exchange(this, id))
  }

  async list() {
    const asked = (this.#listing += 1)
    try {
      const { items } = await this.client.conversations({ limit: LISTED })
      if (asked === this.#listing) this.conversations = items
    } catch (/** @type {any} */ error) {
      if (!error.isOffline && !isLate(error)) this.told("error", error)
    }
    this.changed()
  }

  /** @param {string} [id] */
  listed(id) {
    return this.conversations.find((it) => it.id === id)
  }

  /** Something was said: its conversation is the first. @param {Message} message @returns {boolean} whether it was not known yet */
  said(message) {
    const it = this.listed(message.conversation_id)
    if (!it || Number(message.id) <= Number(it.last_message?.id)) return false
    Object.assign(it, { last_message: message, updated_at: message.created_at })
    this.conversations = [it, ...this.conversations.filter((other) => other !== it)]
    return true
  }

  /** @param {Message} message */
  isMine(message) {
    return message.author === "user" && message.sender_id === this.who.user?.id
  }

  /** It is read aloud, if somebody else said it. @param {Message} message @param {Conversation | null} [conversation] */
  heard(message, conversation) {
    if (!this.isMine(message)) this.told("heard", { name: this.nameOf(message, conversation), text: message.text })
  }

  /** @param {Message} message @param {Conversation | null} [conversation] */
  nameOf(message, conversation) {
    return conversation?.members.find((it) => it.user.id === message.sender_id)?.user.name ?? null
  }

  /** @param {Message} message */
  filesOf(message) {
    return sharedIn(this.client, message.payload)
  }

  /** The server's own words for what it refused; null where nothing was heard of it. @param {unknown} error */
  wordsOf(error) {
    const { status, detail } = /** @type {Problem} */ (error)
    return status && status < 500 && detail ? String(detail) : null
  }

  close() {
    this.#isOver.abort()
    this.current?.close()
    this.client.close()
  }

  // What happens

  /** Somebody else is here, or somebody is where nobody was: nothing that was shown before stays. @param {import("./client/types.js").AuthState} state */
  async #become(state) {
    const before = this.who, { status, user, workspace } = (this.who = state)
    const isOther = (before.user && before.user.id !== user?.id) || before.workspace !== workspace
    if (isOther || status === "ended") {
      this.conversations = []
      this.current?.close()
    }
    if (isOther || before.status !== status) {
      await this.list()
      this.told("auth", { status, user, workspace })
    }
    this.changed()
  }

  /** @param {import("./client/types.js").News} news */
  #hear(news) {
    if (news.type === "event") this.#happens(news)
    else if (news.type === "typing") this.current?.hear(news)
    else if (news.type === "gap" || news.status === "online") {
      this.current?.comeBack()
      this.list()
    }
    this.changed()
  }

  /** @param {import("./client/types.js").LiveEvent} event */
  #happens(event) {
    const { message, kind, conversation } = event, it = this.listed(conversation), posted = kind === "message.posted" ? message : null
    if (posted && conversation !== this.current?.id) this.heard(posted, it)
    if (!it || kind.startsWith("conversation") || kind === "members.changed") this.list()
    else if (posted) it.unread += Number(this.said(posted) && !this.isMine(posted))
    else if (kind === "messages.read" && event.user === this.who.user?.id) it.unread = 0
    this.current?.hear(event)
  }
}
