// Connecting: by the session's token and by the password, and what an app sees of what is wrong.
import { arrive, client, known } from './listening.mjs'
import { tell } from './setup.mjs'

const refusal = promise => promise.then(it => ({ connected: it }), it => it)

const ann = await arrive('ann')
await ann.chat.ping()
const annJid = ann.chat.xmppClient.jid.toString()
const twice = await ann.chat.connect({ userId: ann.id, password: ann.session.token })
const byPassword = await arrive('ann', { by: 'password' })
const ben = await arrive('ben', { connects: false })
const guest = client()
const guestSession = await guest.createSession({ guest: 1, full_name: 'Gus' })
const guestIn = await guest.chat.connect({ userId: guestSession.user_id, password: guestSession.token })

const wrong = await refusal(client().chat.connect({ userId: ann.id, password: 'guessed' }))
const nobody = await refusal(client().chat.connect({ userId: 4711, password: 'guessed' }))
const others = await refusal(client().chat.connect({ userId: ann.id, password: ben.session.token }))
const seconds = await ben.chat.connect({ userId: ben.id, password: ben.session.token }).then(() => ben.chat.getLastUserActivity(ann.id))
const left = await byPassword.chat.disconnect()
const sessions = await ann.chat.disconnect()
const again = await ann.chat.connect({ userId: ann.id, password: ann.session.token })
tell({ ann: ann.id, connected: ann.connected, annJid, twice, byPassword: byPassword.connected, guestIn, wrong, nobody, others, seconds, left, sessions, again, app: known.app_id })
