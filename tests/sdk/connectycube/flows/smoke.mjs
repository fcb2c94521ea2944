// The story an app begins with, in one go: sign in, change the profile, find oneself, upload a picture, and chat.
import { client, tell } from './setup.mjs'

const C = client()
const s = await C.createSession({ login: 'alice', password: 'secret77' })
await C.users.update({ full_name: 'Alice' })
const found = await C.users.getV2({ login: 'alice' })
const file = Buffer.from('x') // one letter that calls itself a picture, as in the vendor's sample
const blob = await C.storage.createAndUpload({ name: 'a.png', file, type: 'image/png', size: 1, public: false })
await C.users.update({ avatar: blob.uid })
const picture = (await fetch(C.storage.privateUrl(blob.uid))).status
await C.chat.connect({ userId: s.user_id, password: s.token })
const isConnected = C.chat.isConnected
await C.chat.disconnect()
await C.destroySession()
tell({ found: found.items.map((it) => it.full_name), picture, isConnected })
