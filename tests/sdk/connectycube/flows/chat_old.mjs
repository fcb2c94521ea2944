// Chat with an SDK before 6.0: over TLS, at an address that is set as `chatProtocol`.
import { client, known, tell } from './setup.mjs'

const credentials = { appId: known.app_id, authKey: known.auth_key, authSecret: known.auth_secret }
const chatProtocol = { websocket: `${known.url.replace('http', 'ws')}/ws`, active: 2 }

async function arrive (login) {
  const sdk = client({ credentials, chatProtocol })
  const session = await sdk.createSession({ login, password: 'a secret of theirs' })
  const heard = []
  await sdk.chat.connect({ userId: session.user_id, password: session.token })
  sdk.chat.onMessageListener = (from, message) => heard.push({ from, id: message.id, body: message.body, dialog: message.dialog_id })
  return { sdk, heard, id: session.user_id }
}

const [ann, ben] = [await arrive('ann'), await arrive('ben')]
const id = ann.sdk.chat.send(ben.id, { type: 'chat', body: 'Hello from long ago', extension: { save_to_history: 1 } })
for (let tries = 0; tries < 6000 && !ben.heard.length; tries++) await new Promise(resolve => setTimeout(resolve, 10))
tell({ ann: ann.id, id, heard: ben.heard })
