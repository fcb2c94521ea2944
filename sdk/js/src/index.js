/**
 * The JavaScript client of Acquaint, for browsers and Node. No dependencies, no build step.
 *
 *     const client = createClient({ app: "acme", url: "https://chat.example.com" });
 *     const conversation = await client.startConversation("Hello, where is my order?");
 *     await client.logIn(await tokenFromYourServer());
 */

export { ChatClient } from "./chat.js";
export { Client, createClient } from "./client.js";
export { AcquaintError } from "./errors.js";
export { memoryStorage } from "./memory.js";

/**
 * @typedef {import("./types.js").Admission} Admission
 * @typedef {import("./types.js").Assurance} Assurance
 * @typedef {import("./types.js").AuthState} AuthState
 * @typedef {import("./types.js").Claims} Claims
 * @typedef {import("./types.js").Connection} Connection
 * @typedef {import("./types.js").Conversation} Conversation
 * @typedef {import("./types.js").Face} Face
 * @typedef {import("./types.js").FoundMessages} FoundMessages
 * @typedef {import("./types.js").KeptFile} KeptFile
 * @typedef {import("./types.js").LiveEvent} LiveEvent
 * @typedef {import("./types.js").LoggedOut} LoggedOut
 * @typedef {import("./types.js").Member} Member
 * @typedef {import("./types.js").Message} Message
 * @typedef {import("./types.js").News} News
 * @typedef {import("./types.js").Options} Options
 * @typedef {import("./types.js").OwnUser} OwnUser
 * @typedef {import("./types.js").Paging} Paging
 * @typedef {import("./types.js").Reaction} Reaction
 * @typedef {import("./types.js").Session} Session
 * @typedef {import("./types.js").SharedFile} SharedFile
 * @typedef {import("./types.js").Storage} Storage
 * @typedef {import("./types.js").Who} Who
 */

/**
 * @template T
 * @typedef {import("./types.js").Page<T>} Page
 */
