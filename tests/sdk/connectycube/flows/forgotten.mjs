// Asking for a new password: the answer never tells whether anybody has the address.
import { client, rejected, tell } from './setup.mjs'

const ann = client()
await ann.users.signup({ email: 'ann@example.com', password: 'secret77', full_name: 'Ann Archer' })
const noSession = await rejected(ann.users.resetPassword('ann@example.com'))
const { token } = await ann.createSession({ email: 'ann@example.com', password: 'secret77' })
const known = await ann.users.resetPassword('ann@example.com')
const unknown = await ann.users.resetPassword('nobody@example.com')
const invalid = await rejected(ann.users.resetPassword('not an address'))
tell({ token, noSession, known, unknown, invalid })
