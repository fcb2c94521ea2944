// Signing up with an address where the App lets in who confirmed it.
import { client, known, rejected, tell } from './setup.mjs'

const ann = client()
const password = 'secret77'
const signedUp = await ann.users.signup({ login: 'ann', email: known.email, password })
const session = await rejected(ann.createSession({ email: known.email, password }))
const byLogin = await rejected(ann.createSession({ login: 'ann', password }))
const wrong = await rejected(ann.createSession({ login: 'ann', password: 'not hers' }))
await ann.createSession()
const login = await rejected(ann.login({ email: known.email, password }))
tell({ signedUp, session, byLogin, wrong, login })
