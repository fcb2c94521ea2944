// The older way in: a session of nobody first, then somebody comes into it, and leaves it again.
import { client, rejected, tell } from './setup.mjs'

const ann = client()
await ann.users.signup({ login: 'ann', password: 'secret77', full_name: 'Ann Archer' })
const opened = await ann.createSession()
const stranger = await rejected(ann.login({ login: 'nobody', password: 'secret77' }))
const wrong = await rejected(ann.login({ login: 'ann', password: 'secret78' }))
const user = await ann.login({ login: 'ann', password: 'secret77' })
const inside = await ann.getSession()
const renamed = await ann.users.update({ full_name: 'Ann' })
const left = await ann.logout()
const outside = await ann.getSession()
const again = await ann.login({ login: 'ann', password: 'secret77' })
tell({ opened, stranger, wrong, user, inside, renamed, left, outside, again })
