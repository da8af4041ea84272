/** A raw loop over undici's `request`, which costs much less than `fetch`. If the second argument is `chained`, it uses update-v2. */
import { Agent, request } from 'undici';
import { readAssignment } from './assignment.ts';
import { runChained, runPlain } from './raw-loop.ts';

const assignment = readAssignment();
const { url } = assignment;
const dispatcher = new Agent({ connections: 64 });
const headers = { 'content-type': 'application/json' };
const run = process.argv[3] === 'chained' ? runChained : runPlain;

await run(assignment, {
  get: async (path) => (await request(url + path, { dispatcher })).body.json(),
  async post(path, body) {
    const answer = await request(url + path, { dispatcher, method: 'POST', headers, body });
    const text = await answer.body.text();
    return text.startsWith('{') ? JSON.parse(text) : undefined;
  },
});
