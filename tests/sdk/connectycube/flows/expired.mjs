// A session that is over: the SDK asks the app for a new one and repeats the call, for JSON and text calls alike.
import { client, known, rejected, tell } from './setup.mjs'

let asked = 0
let mends = true
const ann = client({
  on: {
    sessionExpired: (handleResponse, retry) => {
      asked += 1
      if (!mends) return handleResponse()
      ann.createSession({ login: 'ann', password: 'secret77' }).then(retry)
    }
  }
})
const over = (token) => fetch(`${known.url}/session`, { method: 'DELETE', headers: { 'CB-Token': token } })

const first = await ann.createSession({ login: 'ann', password: 'secret77' })
await over(first.token)
const updated = await ann.users.update({ full_name: 'Ann' })
const second = await ann.getSession()

await over(second.token)
mends = false
const unmended = await rejected(ann.users.update({ full_name: 'Nobody' }))
mends = true
const deleted = await ann.users.delete()
tell({ asked, first, updated, second, unmended, deleted })
