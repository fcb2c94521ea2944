// An SDK before 4.0 with a secret that is not the App's.
import { client, known, rejected, tell } from './setup.mjs'

const credentials = { appId: known.app_id, authKey: known.auth_key, authSecret: known.auth_secret }
tell(await rejected(client({ credentials }).createSession({ login: 'ann', password: 'secret77' })))
