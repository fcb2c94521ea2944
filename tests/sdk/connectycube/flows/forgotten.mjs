// Asking for a new password: the answer never tells whether anybody has the address.
import { client, known, rejected, tell } from './setup.mjs'

const ann = client()
await ann.users.signup({ email: known.email, password: 'secret77', full_name: 'Ann Archer' })
const noSession = await rejected(ann.users.resetPassword(known.email))
const { token } = await ann.createSession({ email: known.email, password: 'secret77' })
const mailed = await ann.users.resetPassword(known.email)
const unknown = await ann.users.resetPassword('nobody@example.com')
const invalid = await rejected(ann.users.resetPassword('not an address'))
tell({ token, noSession, mailed, unknown, invalid })
