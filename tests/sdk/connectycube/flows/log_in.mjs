// A session by the credentials the test names, and what came of it.
import { client, known, tell } from './setup.mjs'

tell(await client().createSession(known.credentials).catch(({ code, info }) => ({ code, info })))
