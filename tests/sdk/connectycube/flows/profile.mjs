// Signing up by the auth key alone, and everything somebody changes of themselves.
import { SDK, client, known, rejected, tell } from './setup.mjs'

const ann = client()
const signedUp = await ann.users.signup({
  login: 'ann', password: 'secret77', email: 'Ann@Example.com', full_name: 'Ann Archer', phone: '+49 30 123451',
  website: 'ann.example', custom_data: '{"seat":7}', tag_list: ['vip', 'rower'], external_id: 'acme-ann', timezone: 60
})
const taken = await rejected(ann.users.signup({ login: 'ann', password: 'secret77' }))
const takenAddress = await rejected(ann.users.signup({ login: 'other', email: 'ann@example.com', password: 'secret77' }))
const session = await ann.createSession({ email: 'ann@example.com', password: 'secret77' })
const updated = await ann.users.update({ full_name: 'Ann', avatar: 'https://img.example/ann.png', tag_list: 'vip' })
const emptied = await ann.users.update({ avatar: null, website: null })
const nothing = await ann.users.update()

const noOld = await rejected(ann.users.update({ password: 'another77' }))
const wrongOld = await rejected(ann.users.update({ password: 'another77', old_password: 'guess77' }))
await ann.users.update({ password: 'another77', old_password: 'secret77' })
const oldPassword = await rejected(client().createSession({ login: 'ann', password: 'secret77' }))

await client().createSession({ login: 'ben', password: 'secret77' })
const bensName = await rejected(ann.users.update({ login: 'ben' }))

const returning = new SDK() // knows a token, and not whose it is: it asks PUT /users and DELETE /users
returning.init({ appId: known.app_id, token: ann.session?.token ?? session.token }, { debug: { mode: 0 }, endpoints: { api_url: known.url } })
const withoutId = await returning.users.update({ full_name: 'Ann again' })

const deleted = await ann.users.delete()
await ann.destroySession() // must not be refused: the token outlives its user
const again = await client().createSession({ login: 'ann', password: 'secret77' })
tell({
  signedUp, taken, takenAddress, session, updated, emptied, nothing, noOld, wrongOld, oldPassword, bensName, withoutId,
  deleted, again
})
