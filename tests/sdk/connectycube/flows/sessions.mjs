// A session of nobody, one of a user who is made on the fly, and its end.
import { client, known, rejected, tell } from './setup.mjs'

const ann = client()
const nobody = await ann.createSession()
const needsUser = await rejected(ann.users.update({ full_name: 'Nobody' }))
const first = await ann.createSession({ login: 'ann', password: 'secret77' })
const read = await ann.getSession()
const second = await ann.createSession({ login: 'ann', password: 'secret77' })
const wrong = await rejected(ann.createSession({ login: 'ann', password: 'secret78' }))
const byEmail = await ann.createSession({ email: 'Ben@Example.com', password: 'secret77' })
await ann.destroySession()
const destroyed = (await fetch(`${known.url}/session`, { headers: { 'CB-Token': byEmail.token } })).status
const noToken = await rejected(ann.getSession())
tell({ nobody, needsUser, first, read, second, wrong, byEmail, destroyed, noToken })
