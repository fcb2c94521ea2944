// A guest: a user with a name and a session, for a day.
import { client, rejected, tell } from './setup.mjs'

const visitor = client()
const session = await visitor.createSession({ guest: '1', full_name: 'A visitor' })
const renamed = await visitor.users.update({ full_name: 'Vera' })
const named = await rejected(visitor.users.update({ login: 'vera' }))
const numbered = await client().createSession({ guest: true })
tell({ session, renamed, named, numbered })
