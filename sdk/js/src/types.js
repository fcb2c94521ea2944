/**
 * What is handed out, as types. The server's own names stay as they are: `last_message`, `created_at`. Ids are texts;
 * moments are RFC 3339 in UTC. Fields of later versions may be there as well.
 *
 * @typedef {"anonymous" | "claimed" | "verified"} Assurance How sure the server is who it is.
 *
 * @typedef {object} Identifiers Names that are proved to be the user's.
 * @property {string | null} login
 * @property {string | null} email
 * @property {string | null} phone
 * @property {string | null} external_id The user's id in the App's own database.
 *
 * @typedef {object} Claimed What somebody typed, or a page passed, about themselves. Proves nothing.
 * @property {string | null} name
 * @property {string | null} email
 * @property {string | null} phone
 * @property {Record<string, unknown>} custom
 *
 * @typedef {object} OwnUser A user, as they see themselves.
 * @property {string} id
 * @property {Identifiers} identifiers
 * @property {string | null} name
 * @property {string | null} avatar_url
 * @property {string | null} phone
 * @property {Record<string, unknown>} custom What the App's server vouches for.
 * @property {Claimed} claimed
 * @property {boolean} is_verified
 * @property {boolean} is_guest
 * @property {string} created_at
 * @property {string} updated_at
 *
 * @typedef {object} Face What other members of a conversation see of a user.
 * @property {string} id
 * @property {string | null} name
 * @property {string | null} avatar_url
 *
 * @typedef {object} Session
 * @property {string} id
 * @property {string | null} user_id Null while nobody is there yet.
 * @property {Assurance} assurance
 * @property {string | null} workspace
 * @property {string} door
 * @property {boolean} has_device
 * @property {string} opened_at
 * @property {string} last_seen_at
 * @property {string | null} expires_at
 *
 * @typedef {Session & {is_current: boolean}} OwnSession
 *
 * @typedef {object} Admission Somebody was let in. `token` and `device_secret` are secrets.
 * @property {string} token
 * @property {string | null} device_secret
 * @property {string | null} expires_at
 * @property {boolean} is_new_user
 * @property {Session} session
 * @property {OwnUser | null} user
 *
 * @typedef {object} Message
 * @property {string} id
 * @property {string} conversation_id
 * @property {"user" | "operator" | "app"} author
 * @property {string | null} sender_id Null for operators, the App, and users who were deleted.
 * @property {string} text
 * @property {string} kind `text` or `custom`.
 * @property {Record<string, any>} payload Files are shared as `payload.files`: a list of `SharedFile`.
 * @property {Record<string, any>} extras
 * @property {string | null} client_id Shown to its sender only.
 * @property {string} created_at
 * @property {string | null} edited_at
 * @property {string | null} deleted_at
 *
 * @typedef {object} FoundMessages Part of what was found.
 * @property {Message[]} items
 * @property {number} looked_at At how many messages.
 * @property {string | null} next What to ask for as `after`; null: that was all.
 *
 * @typedef {object} Reaction Who thinks so of a message.
 * @property {string} sign An emoji.
 * @property {string[]} users Their ids.
 *
 * @typedef {object} Member
 * @property {Face} user
 * @property {string} joined_at
 * @property {string | null} last_read_id
 * @property {string | null} last_received_id
 * @property {"member" | "admin" | "owner"} role
 *
 * @typedef {object} Conversation
 * @property {string} id
 * @property {"support" | "direct" | "group" | "channel" | "broadcast"} kind
 * @property {string | null} title
 * @property {string | null} description
 * @property {string | null} avatar_url
 * @property {boolean} is_managed
 * @property {string | null} workspace
 * @property {Record<string, unknown>} custom
 * @property {number} member_count
 * @property {Message | null} last_message
 * @property {Member[]} members In lists, at most the first ten.
 * @property {number} unread Messages of others beyond the read mark; 100 stands for more.
 * @property {boolean} is_muted
 * @property {string | null} operators_read_id The last message that the App's people have read.
 * @property {boolean} asks_rating Whether the App asks its visitor what they thought of it.
 * @property {Rating | null} rating
 * @property {string} created_at
 * @property {string} updated_at
 * @property {string | null} closed_at
 *
 * @typedef {object} Rating What a visitor thought of a conversation that had ended.
 * @property {number} score From 1, poor, to 5, great.
 * @property {string | null} comment
 * @property {string} at
 *
 * @typedef {object} KeptFile A file that the server keeps.
 * @property {string} id
 * @property {string} name
 * @property {string} content_type What its first bytes say, not what was sent.
 * @property {number} size Bytes.
 * @property {string} url A path of the server: whoever knows it may read the file. See `Client.addressOf`.
 * @property {boolean} is_shown_inline Whether a browser shows it in place, or downloads it.
 * @property {string} created_at
 *
 * @typedef {object} SharedFile What `Client.share` makes known of a file. Said by its sender: treat it as text.
 * @property {string} url
 * @property {string} name
 * @property {string} content_type
 * @property {number} size
 */

/**
 * @template T
 * @typedef {object} Page Part of a list.
 * @property {T[]} items
 * @property {string | null} next What to ask for as `after`; null: that was all.
 */

/**
 * @typedef {object} Paging
 * @property {number} [limit]
 * @property {string} [after] The `next` of the page before.
 *
 * @typedef {object} Claims What a visitor says, or the page knows, of a visitor. Believed by nobody.
 * @property {string} [name]
 * @property {string} [email]
 * @property {string} [phone]
 * @property {Record<string, unknown>} [custom]
 *
 * @typedef {object} Who Somebody, by an identifier. `userId`, `externalId` and `id` are the same: the App's own id of
 *   the user. With an `email` as well, either may fit.
 * @property {string | null} [email]
 * @property {string | null} [userId]
 * @property {string | null} [externalId]
 * @property {string | null} [id]
 *
 * @typedef {object} AuthState Who is here, as far as is known without asking.
 * @property {"nobody" | Assurance | "ended"} status `nobody`: nothing was written yet, or somebody logged out.
 *   `ended`: somebody was logged in, and their session has ended elsewhere.
 * @property {OwnUser | null} user
 * @property {Session | null} session
 * @property {string | null} workspace
 *
 * @typedef {object} LoggedOut Nothing is kept here any more.
 * @property {boolean} toldServer Whether the server ended the session. If not, it is told as soon as it can be, while
 *   this page is open.
 * @property {boolean} wiped Whether the storage let go of what it kept; false where it threw.
 *
 * @typedef {object} LiveEvent Something happened in a conversation. `message` is there when something was said.
 * @property {"event"} type
 * @property {string} id
 * @property {"message.posted" | "message.changed" | "message.deleted" | "messages.read" | "messages.received"
 *   | "conversation.started" | "conversation.changed" | "members.changed"} kind
 * @property {string} at
 * @property {string} conversation
 * @property {string | null} user Who did it; null for operators and the App.
 * @property {Message} [message]
 * @property {string} [message_id] Where the message itself is not shown.
 * @property {string} [up_to] Up to which message somebody has read, or received.
 *
 * @typedef {object} Typing Somebody is writing, or no longer. Over when not repeated for some seconds.
 * @property {"typing"} type
 * @property {string} conversation
 * @property {string | null} user Null for the App's people.
 * @property {boolean} on
 * @property {string | null} [operator] The name that one of the App's people goes by.
 *
 * @typedef {object} Gap Something happened that is not told: read conversations and history anew.
 * @property {"gap"} type
 *
 * @typedef {object} ConnectionNews The live connection changed. `idle`: there is nobody, so there is none.
 * @property {"connection"} type
 * @property {Connection} status
 *
 * @typedef {"idle" | "connecting" | "online" | "offline"} Connection
 * @typedef {LiveEvent | Typing | Gap | ConnectionNews} News
 *
 * @typedef {object} Storage Where the login is kept: as `localStorage` is, or the same with promises. It may throw.
 * @property {(key: string) => string | null | undefined | Promise<string | null | undefined>} getItem
 * @property {(key: string, value: string) => unknown} setItem
 * @property {(key: string) => unknown} removeItem
 *
 * @typedef {object} Options
 * @property {string} app The App's slug.
 * @property {string} url The server's address, like `https://chat.example.com`.
 * @property {string | null} [workspace] A label that scopes sessions and conversations within the App.
 * @property {Claims | null} [userData] See `Client.setUserData`.
 * @property {Storage | null} [storage] Default: `localStorage` where there is one that works, or else memory. Null: memory.
 * @property {typeof globalThis.fetch} [fetch]
 * @property {WebSocketConstructor} [WebSocket] For Node before 22, which has none: that of the package `ws`.
 * @property {number} [timeout] Milliseconds for each request; default 10 000. Uploads have 5 minutes.
 * @property {number} [attempts] How often a request is made at most, where repeating it is safe; default 4.
 *
 * @typedef {new (url: string) => WebSocketLike} WebSocketConstructor
 *
 * @typedef {object} WebSocketLike
 * @property {number} readyState
 * @property {((event: any) => void) | null} onopen
 * @property {((event: any) => void) | null} onmessage
 * @property {((event: any) => void) | null} onclose
 * @property {((event: any) => void) | null} onerror
 * @property {(text: string) => void} send
 * @property {(code?: number) => void} close
 */

export {};
