/** One conversation as it is shown: what was said, oldest first, and what is on its way. It draws nothing. */

import { randomId } from "./client/api.js"
import { superseded } from "./client/queue.js"

const PART = 30 // messages that are read at a time
const TYPING_IS_OVER = 6_000 // milliseconds

/** @typedef {import("./client/types.js").Message} Message */
/** @typedef {import("./files.js").Shared} Shared */

/**
 * @typedef {object} Entry A message, or one that is to become one.
 * @property {string} key stays the same when a message that was on its way arrives
 * @property {string} [id] none before it was posted
 * @property {boolean} isMine
 * @property {string | null} [name]
 * @property {string} text
 * @property {Shared[]} files
 * @property {string} created_at
 * @property {string | null} [edited_at]
 * @property {string | null} [deleted_at]
 * @property {"sent" | "sending" | "failed"} state
 * @property {boolean} [isSeen]
 * @property {string | null} [problem]
 */

/** @typedef {Entry & { given: File[], kept: import("./client/types.js").SharedFile[], farewells: number, isOffline?: boolean, wasTried?: boolean }} Draft */

export class Exchange {
  isLoading = false
  isBroken = false
  /** Where older messages are, if there are any. @type {string | null} */
  next = null
  /** What is known of the conversation. @type {import("./client/types.js").Conversation | null} */
  about = null
  /** @type {Map<string, Message>} */
  #messages = new Map()
  /** On their way, in the order they were said. @type {Map<string, Draft>} */
  #drafts = new Map()
  #sending = Promise.resolve()
  #latest = 0
  #freshAfter = Infinity
  /** Who is typing. @type {import("./client/types.js").Typing | null} */
  #typing = null
  #timer = 0

  /** @param {import("./chat.js").Chat} chat @param {string} [id] */
  constructor(chat, id) {
    this.chat = chat
    this.id = id
    if (id) this.load()
  }

  /** The name of who is typing; empty where they have none, null where nobody is. */
  get typing() {
    return this.#typing && (this.#typing.operator ?? this.#member(this.#typing.user)?.user.name ?? "")
  }

  /** What its visitor thought of it: null where the App asks that, undefined where it does not. */
  get rating() {
    const { closed_at, asks_rating, rating } = this.about ?? {}
    return asks_rating ? null : (closed_at && rating) || undefined
  }

  /** @returns {Entry[]} */
  get entries() {
    const { members = [], operators_read_id } = this.about ?? {}, others = members.filter(({ user }) => user.id !== this.chat.who.user?.id)
    const read = Math.max(Number(operators_read_id ?? 0), ...others.map((it) => Number(it.last_read_id)))
    const said = [...this.#messages.values()].sort((one, other) => Number(one.id) - Number(other.id))
    return [...said.map((it) => this.#entry(it, read)), ...this.#drafts.values()]
  }

  /** Whether it came after what had been read when the conversation was opened. @param {Entry} it */
  isFresh(it) {
    return !it.isMine && Number(it.id) > this.#freshAfter
  }

  // Reading

  /** What is known of the conversation, and part of what was said. @param {string | null} [after] a `next`; none: the latest */
  async load(after) {
    const { id, chat } = this, { client, who } = chat
    if (!id || (after && this.isLoading)) return
    this.isLoading = true
    this.isBroken = false
    chat.changed()
    try {
      const [it, page] = await Promise.all([client.conversation(id), client.history(id, { limit: PART, after: after ?? undefined })])
      const isFirst = !this.about
      this.about = it
      if (isFirst && it.unread) this.#freshAfter = Number(this.#member(who.user?.id)?.last_read_id)
      if (after || !this.#messages.size) this.next = page.next
      page.items.forEach((message) => this.#take(message))
    } catch (/** @type {any} */ error) {
      this.isBroken = !isLate(error)
    }
    this.isLoading = false
    chat.changed()
  }

  /** What is in front of somebody is read, once. */
  read() {
    const { id, chat } = this, listed = chat.listed(id)
    if (!id || !listed?.unread || !this.#latest || document.hidden) return
    listed.unread = 0
    chat.client.markRead(id, String(this.#latest)).catch(() => {}) // it is counted again when the list is read
    chat.changed()
  }

  // Saying

  /** @param {string} text @param {File[]} given */
  say(text, given) {
    const files = given.map((it) => ({ url: URL.createObjectURL(it), name: it.name, type: it.type, size: it.size }))
    /** @type {Draft} */
    const draft = { key: randomId(), isMine: true, text, files, created_at: new Date().toISOString(), state: "sending", given, kept: [], farewells: this.chat.farewells }
    this.#drafts.set(draft.key, draft)
    this.#send(draft)
  }

  /** @param {Entry} entry */
  again({ key }) {
    const draft = this.#drafts.get(key)
    if (draft?.state !== "failed") return
    draft.state = "sending"
    this.#send(draft)
  }

  /** @param {Entry} entry */
  discard({ key }) {
    this.#drop(key)
    this.chat.changed()
  }

  /** The connection is there again: what could not be sent for want of it is sent. */
  comeBack() {
    for (const it of this.#drafts.values()) if (it.isOffline) this.again(it)
    if (this.isBroken) this.load()
  }

  /** @param {boolean} on */
  types(on) {
    if (this.id) this.chat.client.typing(this.id, on)
  }

  /** What the visitor thought of it, now that it is over. @param {number} score @param {string} [comment] */
  async rate(score, comment) {
    if (!this.id) return
    await this.chat.client.rate(this.id, score, comment)
    await this.load()
  }

  /** One after the other: they arrive in the order they were written. @param {Draft} draft */
  #send(draft) {
    this.chat.changed()
    this.#sending = this.#sending.then(() => this.#post(draft)).catch((error) => {
      Object.assign(draft, { state: "failed", isOffline: error.isOffline, problem: this.chat.wordsOf(error) })
      this.chat.changed()
    })
  }

  /** @param {Draft} draft */
  async #post(draft) {
    const { chat } = this, { client } = chat, { key: clientId, text, given, kept } = draft
    await chat.comeIn().catch((error) => {
      if (chat.fails(error)) throw error // otherwise it is said by whoever is here instead
    })
    if (draft.farewells !== chat.farewells) throw superseded()
    if (given.length && !this.id) this.#begun(await client.startConversation()) // files are kept for somebody, and this makes them one
    for (const file of given.slice(kept.length)) {
      const { url, name, content_type, size } = await client.upload(file)
      kept.push({ url, name, content_type, size })
    }
    const more = { clientId, payload: kept.length ? { files: kept } : undefined }
    if (!this.id && draft.wasTried) this.#begun((await client.conversations({ limit: 5 })).items.find((it) => it.last_message?.client_id === clientId))
    draft.wasTried = true
    if (this.id) {
      const message = await client.post(this.id, text, more)
      this.#take(message)
      chat.said(message)
    } else this.#begun(await client.startConversation(text, more))
    this.#drop(clientId)
    chat.changed()
  }

  /** @param {import("./client/types.js").Conversation} [it] */
  #begun(it) {
    if (!it) return
    this.id = it.id
    this.about = it
    if (it.last_message) this.#take(it.last_message)
    this.chat.list()
  }

  // Hearing

  /** @param {import("./client/types.js").LiveEvent | import("./client/types.js").Typing} news */
  hear(news) {
    const { id, chat } = this, it = this.about, { user } = news, isMe = user === chat.who.user?.id
    if (!id || news.conversation !== id) return
    if (news.type === "typing") return isMe || this.#types(news.on ? news : null)
    const whose = this.#member(user), { message, kind, up_to = null } = news, isNew = kind === "message.posted"
    if (message) this.#take(message)
    else if (news.message_id) this.#messages.delete(news.message_id)
    else if (kind !== "messages.read") this.load()
    else if (whose) whose.last_read_id = up_to
    else if (it && !user) it.operators_read_id = up_to
    if (it && isNew && message?.author === "operator") it.operators_read_id = message.id // who answers has read
    if (isNew && !isMe) this.#types(null)
  }

  close() {
    clearTimeout(this.#timer)
    for (const { key, state } of this.#drafts.values()) if (state === "failed") this.#drop(key)
    if (this.chat.current === this) this.chat.current = null
  }

  /** @param {string | null | undefined} id */
  #member(id) {
    return this.about?.members.find(({ user }) => user.id === id)
  }

  /** @param {import("./client/types.js").Typing | null} news */
  #types(news) {
    clearTimeout(this.#timer)
    this.#typing = news
    if (news) this.#timer = setTimeout(() => (this.#types(null), this.chat.changed()), TYPING_IS_OVER)
  }

  /** @param {Message} message */
  #take(message) {
    const id = Number(message.id)
    if (this.#latest && id > this.#latest) this.chat.heard(message, this.about)
    this.#latest = Math.max(this.#latest, id)
    this.#messages.set(message.id, message)
    if (message.client_id) this.#drop(message.client_id)
  }

  /** @param {string} key */
  #drop(key) {
    this.#drafts.get(key)?.files.forEach((it) => URL.revokeObjectURL(it.url))
    this.#drafts.delete(key)
  }

  /** @param {Message} it @param {number} read @returns {Entry} */
  #entry(it, read) {
    const { chat } = this, isMine = chat.isMine(it), files = chat.filesOf(it)
    const text = files.length === 1 && it.text === files[0]?.name ? "" : it.text // which only repeats what stands beside it
    const name = isMine ? null : chat.nameOf(it, this.about), isSeen = isMine && Number(it.id) <= read
    return { ...it, key: it.client_id ?? it.id, isMine, name, text, files, state: "sent", isSeen }
  }
}

/** What was asked for is wanted no longer: somebody else is here, or nobody. @param {import("./chat.js").Problem} error */
export const isLate = ({ code }) => code === "superseded" || code === "closed"
