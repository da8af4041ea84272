/** Runs the raw loop over Node's own `fetch`. */
import { readAssignment } from './assignment.ts';
import { runPlain } from './raw-loop.ts';

const assignment = readAssignment();
const { url } = assignment;
const headers = { 'content-type': 'application/json' };

await runPlain(assignment, {
  get: async (path) => (await fetch(url + path)).json(),
  post: async (path, body) => void (await (await fetch(url + path, { method: 'POST', headers, body })).text()),
});
