// Chat, as flows need it: somebody who is connected and writes down what their listeners are told.
//
//   arrive()   signs somebody in, creating them the first time, and connects them to chat by their session's token
//   until()    waits until something is so, and answers it
import { client, known } from './setup.mjs'

export async function until (holds, what = holds.toString()) {
  for (const end = Date.now() + 60_000; Date.now() < end;) {
    const found = await holds()
    if (found) return found
    await new Promise(resolve => setTimeout(resolve, 10))
  }
  throw new Error(`never: ${what}`)
}

export async function arrive (login, { by = 'token', connects = true, ...more } = {}) {
  const sdk = client(more)
  const password = 'a secret of theirs'
  const session = await sdk.createSession({ login, password })
  const heard = { messages: [], typing: [], delivered: [], read: [], updated: [], deleted: [], system: [], errors: [], sent: [], lost: [], connection: [], kicked: [], reconnected: 0, disconnected: 0 }
  const { chat } = sdk
  chat.onMessageListener = (from, message) => heard.messages.push({ from, ...message })
  chat.onMessageTypingListener = (on, from, dialog) => heard.typing.push({ on, from, dialog })
  chat.onDeliveredStatusListener = (id, dialog, from) => heard.delivered.push({ id, dialog, from })
  chat.onReadStatusListener = (id, dialog, from) => heard.read.push({ id, dialog, from })
  chat.onMessageUpdateListener = (id, last, body, dialog, from, extension) => heard.updated.push({ id, last, body, dialog, from, extension })
  chat.onMessageDeleteListener = (id, dialog, from) => heard.deleted.push({ id, dialog, from })
  chat.onSystemMessageListener = message => heard.system.push(message)
  chat.onMessageErrorListener = (id, error) => heard.errors.push({ id, ...error })
  chat.onSentMessageCallback = (lost, sent) => sent ? heard.sent.push(sent.id) : heard.lost.push(lost.id)
  chat.onConnectionErrorListener = error => heard.connection.push(error.condition ?? String(error))
  chat.onKickOccupant = (dialog, by) => heard.kicked.push({ dialog, by })
  chat.onReconnectListener = () => { heard.reconnected++ }
  chat.onDisconnectedListener = () => { heard.disconnected++ }
  const somebody = { sdk, chat, heard, session, id: session.user_id, login, password }
  if (connects) somebody.connected = await chat.connect({ userId: somebody.id, password: by === 'token' ? session.token : password })
  return somebody
}

export { client, known }
