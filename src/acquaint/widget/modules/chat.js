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

const LISTED = 40
const MOST_LISTED = 200 // that the server answers at once
const SOON = 20 // milliseconds in which several changes are drawn as one

/** @typedef {import("./client/types.js").Conversation} Conversation */
/** @typedef {import("./client/types.js").Message} Message */
/** @typedef {Partial<import("./client/errors.js").AcquaintError>} Problem What was thrown: ours, or not. */

export class Chat {
  /** The latest first. @type {Conversation[]} */
  conversations = []
  /** The conversation in front. @type {Exchange | null} */
  current = null
  /** Whether these are all: until then, nobody knows. */
  isListed = false
  /** Whether it could not be learned who is here, or what they said. */
  isBroken = false
  /** How often somebody left: what they were about to say is said no more. */
  farewells = 0
  #unread = 0
  #drawing = 0
  #listing = 0
  #limit = LISTED
  #isOver = new AbortController()
  /** Whom the page vouches for, who is not let in yet. @type {string | null} */
  #token = null
  #coming = Promise.resolve()

  /**
   * @param {import("./client/types.js").Options} where
   * @param {() => void} changed
   * @param {(kind: string, detail?: any) => void} told
   */
  constructor(where, changed, told) {
    const { signal } = this.#isOver, client = (this.client = new ChatClient(where))
    this.knows = where.userData ?? null
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
    for (const name of ["offline", "visibilitychange"]) addEventListener(name, this.changed, { signal })
    addEventListener("online", () => this.#comeBack(), { signal })
  }

  /** Whoever the token names comes in, unless they are here already; then what is there is read. @param {string | null} [token] */
  async start(token) {
    const asked = this.#listing
    this.isBroken = false
    this.changed()
    try {
      await (token ? this.logIn(token) : this.comeIn())
    } catch (/** @type {any} */ error) {
      if ((this.isBroken = this.fails(error))) return this.changed()
    }
    if (asked === this.#listing) await this.list() // nobody else did
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
  logIn(jwt) {
    this.#token = jwt
    return this.comeIn()
  }

  /** Whom the page vouches for is let in before anything is said: it is theirs. For want of a network, that is tried again. */
  comeIn() {
    return (this.#coming = this.#coming.catch(() => {}).then(async () => {
      const jwt = this.#token, { status, user } = this.client.state, isVerified = status === "verified"
      if (!jwt) return
      let isOffline = false
      try {
        const isSame = mayBe(user, claimsIn(jwt)), isAnother = !isSame && (isVerified || status === "ended")
        if (!isVerified || isAnother) await (isAnother ? this.client.logOutThenLogIn(jwt) : this.client.logIn(jwt))
      } catch (/** @type {any} */ error) {
        isOffline = error.isOffline
        throw error
      } finally {
        if (!isOffline && this.#token === jwt) this.#token = null
      }
    }))
  }

  async logOut() {
    this.#token = null
    this.farewells += 1
    this.setUserData(null)
    const done = this.client.logOut()
    if (this.status === "nobody") { // perhaps somebody was about to come in
      this.current?.close()
      this.#greet()
    }
    await done
  }

  /** Nobody is logged in on the page: whoever was goes, and a visitor whom nobody vouched for stays. */
  async seeOff() {
    const { status } = this.client.state, knows = this.knows
    if (status !== "verified" && status !== "ended") return
    const gone = this.logOut()
    this.setUserData(knows)
    await gone
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
    let items = null, isBroken = false
    try {
      const isNothing = this.status === "ended" || (this.status === "nobody" && !this.#token)
      items = isNothing ? [] : (await this.client.conversations({ limit: this.#limit })).items
    } catch (/** @type {any} */ error) {
      isBroken = this.fails(error) || !isLate(error)
    }
    if (asked !== this.#listing) return
    this.isBroken = isBroken
    this.isListed ||= items !== null
    this.conversations = items ?? this.conversations
    this.changed()
  }

  /** Somebody looks for older ones. */
  more() {
    if (this.conversations.length < this.#limit || this.#limit === MOST_LISTED) return
    this.#limit = MOST_LISTED
    this.list()
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

  /** Whether it was for want of a network; other refusals are told. @param {any} error */
  fails(error) {
    if (!error.isOffline && !isLate(error)) this.told("error", error)
    return Boolean(error.isOffline)
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
  #become(state) {
    const before = this.who, { status, user, workspace } = (this.who = state), isMoved = before.workspace !== workspace
    const isOther = isMoved || (before.user && before.user.id !== user?.id), isLetIn = status === "verified" && before.status !== status && !isMoved
    if (isOther || status === "ended") {
      this.conversations = []
      if (!isLetIn) this.farewells += 1
      if (!isLetIn || this.current?.id) this.current?.close() // what is only begun is begun by whoever is let in
    }
    if (isOther || before.status !== status) this.#greet()
    this.changed()
  }

  /** What is there is read for whoever is here now. */
  #greet() {
    const { status, user, workspace } = this.who
    this.isListed = false
    this.told("auth", { status, user, workspace })
    this.list()
  }

  /** @param {import("./client/types.js").News} news */
  #hear(news) {
    if (news.type === "event") this.#happens(news)
    else if (news.type === "typing") this.current?.hear(news)
    else if (news.type === "gap") {
      this.current?.load()
      this.list()
    } else if (news.status === "online") this.#comeBack()
    this.changed()
  }

  /** The network is there again. */
  #comeBack() {
    if (this.isBroken) this.start()
    this.current?.comeBack()
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
