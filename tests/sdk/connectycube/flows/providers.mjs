// Other people's credentials: a custom identity provider's token, Firebase, Facebook, Twitter.
import { client, known, rejected, tell } from './setup.mjs'

const ann = client()
const custom = await ann.createSession({ login: known.jwt, password: 'anything' })
const refused = await rejected(ann.createSession({ login: 'nonsense', password: 'anything' }))
await ann.createSession()
const inside = await ann.login({ login: known.jwt })
const open = await ann.getSession()

const ben = client()
const firebase = { project_id: 'acme-app', access_token: known.phone }
const phone = await ben.createSession({ provider: 'firebase_phone', firebase_phone: firebase })
await ben.createSession()
const flat = await ben.login({
  provider: 'firebase_email',
  'firebase_email[project_id]': 'acme-app',
  'firebase_email[access_token]': known.email,
})
const forged = await rejected(
  client().createSession({ provider: 'firebase_phone', firebase_phone: { ...firebase, access_token: known.forged } }),
)
const missing = await rejected(
  client().createSession({ provider: 'firebase_phone', 'firebase_phone[project_id]': 'acme-app' }),
)
const facebook = await client().createSession({ provider: 'facebook', keys: { token: 'EAAB' } })
const twitter = await client().createSession({ provider: 'twitter', keys: { token: 't', secret: 's' } })
tell({ custom, refused, inside, open, phone, flat, forged, missing, facebook, twitter })
