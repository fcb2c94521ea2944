/** One conversation as it is shown: what was said, oldest first, and what is on its way. It draws nothing. */

const PART = 30 // messages that are read at a time
const TYPING_IS_OVER = 6_000 // milliseconds

/**
 * @typedef {object} Entry A message, or one that is to become one.
 * @property {string} key stays the same when a message that was on its way arrives
 * @property {string} [id] none before it was posted
 * @property {boolean} isMine
 * @property {string | null} name
 * @property {string} text
 * @property {{ url: string, name: string, type: string, size: number }[]} files
 * @property {string} at
 * @property {"sent" | "sending" | "failed"} state
 * @property {boolean} [isDeleted]
 * @property {boolean} [isEdited]
 * @property {boolean} [isSeen]
 * @property {string | null} [problem]
 */

export class Exchange {
  isLoading = false
  problem = null
  isTyping = false
  #next = null
  /** What is known of the conversation. @type {import("./client/types.js").Conversation | null} */
  #it = null
  #messages = new Map()
  /** On their way, in the order they were said. @type {Map<string, Entry & { given: File[], kept: any[], isOffline?: boolean, wasTried?: boolean }>} */
  #pending = new Map()
  #sending = Promise.resolve()
  #readUpTo = 0
  #latest = 0
  #freshAfter = Infinity
  #timer = 0
  #isClosed = false

  /** @param {import("./chat.js").Chat} chat @param {string} [id] */
  constructor(chat, id) {
    this.chat = chat
    this.id = id
    if (id) this.load()
  }

  get title() {
    return this.#it?.title ?? null
  }

  get hasOlder() {
    return this.#next !== null
  }

  get isClosed() {
    return Boolean(this.#it?.closed_at)
  }

  /** @returns {Entry[]} */
  get entries() {
    const me = this.chat.who.user?.id, read = Math.max(0, ...(this.#it?.members ?? []).filter((it) => it.user.id !== me).map((it) => Number(it.last_read_id)))
    const said = [...this.#messages.values()].sort((one, other) => Number(one.id) - Number(other.id)).map((it) => this.#entry(it, read))
    return [...said, ...this.#pending.values()]
  }

  /** Whether it came after what had been read when the conversation was opened. @param {Entry} it */
  isFresh(it) {
    return !it.isMine && Number(it.id) > this.#freshAfter
  }

  // Reading

  async load() {
    await this.#asking(async () => {
      const { client, who } = this.chat, [it, page] = await Promise.all([client.conversation(this.id), client.history(this.id, { limit: PART })])
      const mine = it.members.find((member) => member.user.id === who.user?.id)
      if (!this.#it && it.unread) this.#freshAfter = Number(mine?.last_read_id)
      this.#it = it
      this.#next = this.#messages.size ? this.#next : page.next
      page.items.forEach((message) => this.#take(message))
    })
  }

  async older() {
    if (this.isLoading || !this.#next) return
    await this.#asking(async () => {
      const page = await this.chat.client.history(this.id, { limit: PART, after: this.#next })
      this.#next = page.next
      page.items.forEach((message) => this.#take(message))
    })
  }

  async #asking(task) {
    this.isLoading = true
    this.problem = null
    this.chat.changed()
    try {
      await task()
    } catch (error) {
      if (error.code !== "superseded" && error.code !== "closed") this.problem = error
    }
    this.isLoading = false
    this.chat.changed()
  }

  /** What is in front of somebody is read, once. */
  read() {
    const last = [...this.#messages.values()].reduce((most, it) => (this.chat.isMine(it) ? most : Math.max(most, Number(it.id))), 0)
    if (!this.id || last <= this.#readUpTo || document.visibilityState !== "visible") return
    this.#readUpTo = last
    const listed = this.chat.conversations.find((it) => it.id === this.id)
    if (!listed?.unread) return
    listed.unread = 0
    this.chat.client.markRead(this.id, String(last)).catch(() => (this.#readUpTo = 0))
    this.chat.changed()
  }

  // Saying

  /** @param {string} text @param {File[]} given */
  say(text, given) {
    const files = given.map((it) => ({ url: URL.createObjectURL(it), name: it.name, type: it.type, size: it.size }))
    const entry = { key: crypto.randomUUID?.() ?? String(Math.random()), isMine: true, name: null, text, files, at: new Date().toISOString(), state: "sending", given, kept: [] }
    this.#pending.set(entry.key, /** @type {any} */ (entry))
    this.#send(entry)
  }

  again(entry) {
    if (entry.state !== "failed") return
    entry.state = "sending"
    this.#send(entry)
  }

  discard(entry) {
    this.#drop(entry)
    this.chat.changed()
  }

  /** What could not be sent for want of a connection is sent. */
  comeBack() {
    for (const it of this.#pending.values()) if (it.isOffline) this.again(it)
    if (this.id) this.load()
  }

  types(on) {
    if (this.id) this.chat.client.typing(this.id, on)
  }

  /** One after the other: they arrive in the order they were written. */
  #send(entry) {
    this.chat.changed()
    this.#sending = this.#sending.then(() => this.#post(entry)).catch((error) => {
      entry.state = "failed"
      entry.isOffline = error.isOffline
      entry.problem = this.chat.wordsOf(error)
      this.chat.changed()
    })
  }

  async #post(entry) {
    const { client } = this.chat, { key: clientId, text, given, kept } = entry
    if (given.length && !this.id) this.#begun(await client.startConversation()) // files are kept for somebody, and this makes them one
    while (kept.length < given.length) kept.push(await client.upload(given[kept.length]))
    const payload = kept.length ? { files: kept.map(({ url, name, content_type, size }) => ({ url, name, content_type, size })) } : undefined
    if (!this.id && entry.wasTried) this.#begun((await client.conversations({ limit: 5 })).items.find((it) => it.last_message?.client_id === clientId))
    entry.wasTried = true
    if (this.id) {
      const message = await client.post(this.id, text, { clientId, payload })
      this.#take(message)
      this.chat.said(message)
    } else this.#begun(await client.startConversation(text, { clientId, payload }))
    this.#drop(entry)
    this.chat.changed()
  }

  #begun(it) {
    if (!it) return
    this.id = it.id
    this.#it = it
    if (it.last_message) this.#take(it.last_message)
    this.chat.list()
  }

  // Hearing

  /** @param {any} news */
  hear(news) {
    if (!this.id || news.conversation !== this.id || news.user === this.chat.who.user?.id && news.type === "typing") return
    if (news.type === "typing") return this.#types(news.on)
    if (news.message) this.#take(news.message)
    else if (news.message_id) this.#messages.delete(news.message_id)
    else if (news.kind === "messages.read") this.#it?.members.forEach((it) => it.user.id === news.user && (it.last_read_id = news.up_to))
    else this.load()
    if (news.kind === "message.posted") this.#types(false)
  }

  close() {
    this.#isClosed = true
    clearTimeout(this.#timer)
    for (const it of [...this.#pending.values()]) if (it.state === "failed") this.#drop(it)
    if (this.chat.current === this) this.chat.current = null
  }

  #types(on) {
    clearTimeout(this.#timer)
    this.isTyping = on
    if (on) this.#timer = setTimeout(() => (this.#types(false), this.chat.changed()), TYPING_IS_OVER)
  }

  #take(message) {
    if (this.#latest && Number(message.id) > this.#latest) this.chat.heard(message, this.#it)
    this.#latest = Math.max(this.#latest, Number(message.id))
    this.#messages.set(message.id, message)
    if (message.client_id) this.#drop(this.#pending.get(message.client_id))
  }

  #drop(entry) {
    if (entry && this.#pending.delete(entry.key)) entry.files.forEach((it) => URL.revokeObjectURL(it.url))
  }

  /** @returns {Entry} */
  #entry(it, read) {
    const isMine = this.chat.isMine(it)
    return {
      key: it.client_id ?? it.id,
      id: it.id,
      isMine,
      name: isMine ? null : this.chat.nameOf(it, this.#it),
      text: this.#textOf(it),
      files: this.chat.filesOf(it),
      at: it.created_at,
      state: "sent",
      isDeleted: Boolean(it.deleted_at),
      isEdited: Boolean(it.edited_at),
      isSeen: isMine && Number(it.id) <= read,
    }
  }

  /** A text that only repeats the file's name is not shown beside the file. */
  #textOf(it) {
    const files = this.chat.filesOf(it)
    return files.length === 1 && it.text === files[0].name ? "" : it.text
  }
}
