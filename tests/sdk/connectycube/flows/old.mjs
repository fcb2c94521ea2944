// SDKs before 6.0: they speak TLS only; those before 4.0 sign what they send.
import { client, known, rejected, tell } from './setup.mjs'

const credentials = { appId: known.app_id, authKey: known.auth_key, authSecret: known.auth_secret }
const ann = client({ credentials })
const nobody = await ann.createSession()
const session = await ann.createSession({ login: 'ann', password: 'secret77' })
const updated = await ann.users.update({ full_name: 'Ann' })
const wrong = await rejected(ann.createSession({ login: 'ann', password: 'secret78' }))
tell({ nobody, session, wrong, updated })
