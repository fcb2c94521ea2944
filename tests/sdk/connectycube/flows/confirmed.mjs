// Once it is confirmed: chat by the password, and another address.
import { client, known, tell } from './setup.mjs'

const ann = client()
const password = 'secret77'
const { user_id: userId } = await ann.createSession({ email: known.email, password })
const connected = await ann.chat.connect({ userId, password })
const updated = await ann.users.update({ email: known.other })
tell({ connected, updated })
