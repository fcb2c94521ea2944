/**
 * Talking with each other: what a member of a conversation does, beside what `ChatClient` has.
 *
 *     ConversationsClient    messages; members; how a conversation looks; what one does for oneself
 */

import { idIn } from "./api.js";
import { ChatClient, of } from "./chat.js";

/** @typedef {import("./types.js").Conversation} Conversation */
/** @typedef {import("./types.js").Message} Message */
/** @typedef {import("./types.js").Paging} Paging */
/** @typedef {import("./types.js").Reaction} Reaction */

export class ConversationsClient extends ChatClient {
  // Messages

  /**
   * Says one of one's own messages differently; everybody sees that it was edited.
   * @param {string} conversationId @param {string} messageId @param {string} text
   * @param {{payload?: Record<string, unknown>}} [more] what is not given stays
   * @returns {Promise<Message>}
   */
  async edit(conversationId, messageId, text, { payload } = {}) {
    return this.asking.write("PATCH", messageOf(conversationId, messageId), { text, payload });
  }

  /**
   * For everybody: one's own, or others' where one may. For oneself: any, and nobody else notices.
   * @param {string} conversationId @param {string} messageId @param {{forOneself?: boolean}} [how]
   * @returns {Promise<void>}
   */
  async deleteMessage(conversationId, messageId, { forOneself = false } = {}) {
    const query = { whom: forOneself ? "oneself" : "everybody" };
    return this.asking.write("DELETE", messageOf(conversationId, messageId), undefined, { query });
  }

  /**
   * Looks for words in what one sees, the newest message first. One search looks at many messages, and not at all: a
   * part may be short or empty, and `next` goes on from there; null: that was all.
   * @param {string} words each is somewhere in the text; neither capitals nor accents count
   * @param {Paging & {conversations?: string[], since?: Date | string, until?: Date | string}} [where] only in these, only then
   * @returns {Promise<import("./types.js").FoundMessages>}
   */
  async search(words, { conversations, ...more } = {}) {
    return this.asking.read("/messages", { search: words, conversations: conversations?.map(idIn).join(), ...more });
  }

  /**
   * What people think of a message, the oldest sign first.
   * @param {string} conversationId @param {string} messageId
   * @returns {Promise<Reaction[]>}
   */
  async reactions(conversationId, messageId) {
    return (await this.asking.read(messageOf(conversationId, messageId, "/reactions"))).items;
  }

  /**
   * Adds what one thinks, an emoji; answers what people think now.
   * @param {string} conversationId @param {string} messageId @param {string} sign
   * @returns {Promise<Reaction[]>}
   */
  async react(conversationId, messageId, sign) {
    return (await this.asking.write("POST", messageOf(conversationId, messageId, "/reactions"), { add: sign })).items;
  }

  /**
   * @param {string} conversationId @param {string} messageId @param {string} sign
   * @returns {Promise<Reaction[]>}
   */
  async withdrawReaction(conversationId, messageId, sign) {
    return (await this.asking.write("POST", messageOf(conversationId, messageId, "/reactions"), { withdraw: sign })).items;
  }

  /**
   * @param {string} conversationId @param {string} upTo the id of the last message that reached this device
   * @returns {Promise<{last_received_id: string}>}
   */
  async markReceived(conversationId, upTo) {
    return this.asking.write("POST", of(conversationId, "/received"), { up_to: upTo });
  }

  /**
   * Keeps a file, and posts a message with it: `payload.files` has its name, type, size and url.
   * @param {string} conversationId @param {Blob} file
   * @param {{text?: string, name?: string, clientId?: string, signal?: AbortSignal}} [more]
   * @returns {Promise<Message>}
   */
  async share(conversationId, file, { text, name, clientId, signal } = {}) {
    const kept = await this.upload(file, { name, signal });
    const { url, content_type, size } = kept;
    const payload = { files: [{ url, name: kept.name, content_type, size }] };
    return this.post(conversationId, text || kept.name, { payload, clientId });
  }

  // Members

  /** Brings users in, by their ids. @param {string} conversationId @param {string[]} users @returns {Promise<Conversation>} */
  async addMembers(conversationId, users) {
    return this.asking.write("POST", of(conversationId, "/members"), { users });
  }

  /** They see nothing of it any more. @param {string} conversationId @param {string} userId @returns {Promise<void>} */
  async removeMember(conversationId, userId) {
    return this.asking.write("DELETE", memberOf(conversationId, userId));
  }

  /**
   * Makes a member an admin, or no longer. The owner's to say.
   * @param {string} conversationId @param {string} userId @param {"member" | "admin"} role
   * @returns {Promise<Conversation>}
   */
  async changeRole(conversationId, userId, role) {
    return this.asking.write("PATCH", memberOf(conversationId, userId), { role });
  }

  /**
   * A channel, whose id one was told. Any verified user of the App may.
   * @param {string} conversationId
   * @returns {Promise<Conversation>}
   */
  async join(conversationId) {
    return this.asking.write("POST", of(conversationId, "/join"));
  }

  /** A group, channel or broadcast. @param {string} conversationId @returns {Promise<void>} */
  async leave(conversationId) {
    return this.asking.write("POST", of(conversationId, "/leave"));
  }

  // How a conversation looks

  /**
   * What is not given stays; null empties. `is_managed`: in a group, only its owner and admins bring members in and
   * change how it looks; the owner's to say.
   * @param {string} conversationId
   * @param {{title?: string | null, description?: string | null, avatar_url?: string | null, is_managed?: boolean}} looks
   * @returns {Promise<Conversation>}
   */
  async changeConversation(conversationId, looks) {
    return this.asking.write("PATCH", of(conversationId), looks);
  }

  /** For everybody, with everything that was said in it. Its owner may. @param {string} conversationId @returns {Promise<void>} */
  async deleteConversation(conversationId) {
    return this.asking.write("DELETE", of(conversationId));
  }

  // What one does for oneself

  /**
   * It is not in one's lists until something is said in it; nobody else notices.
   * @param {string} conversationId @param {{andClear?: boolean}} [how] what was said until now goes as well
   * @returns {Promise<void>}
   */
  async hide(conversationId, { andClear = false } = {}) {
    return this.asking.write("POST", of(conversationId, "/hide"), { and_clear: andClear });
  }

  /** What was said until now one does not see any more, on any device. @param {string} conversationId @returns {Promise<void>} */
  async clear(conversationId) {
    return this.asking.write("POST", of(conversationId, "/clear"));
  }

  /**
   * Whether one does not want to be notified. What happens is told to listeners all the same.
   * @param {string} conversationId @param {boolean} [isMuted]
   * @returns {Promise<void>}
   */
  async mute(conversationId, isMuted = true) {
    return this.asking.write("PUT", of(conversationId, "/muted"), { is_muted: isMuted });
  }
}

/** @param {string} conversationId @param {string} userId */
function memberOf(conversationId, userId) {
  return of(conversationId, `/members/${idIn(userId)}`);
}

/** @param {string} conversationId @param {string} messageId */
function messageOf(conversationId, messageId, rest = "") {
  return of(conversationId, `/messages/${idIn(messageId)}${rest}`);
}
