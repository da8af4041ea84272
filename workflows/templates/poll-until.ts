import { defineWorkflow, z } from 'conductor-fleet';
import httpRequest from '../../workers/tasks/http-request.ts';
import { defineTemplate } from './registry/define-template.ts';

const PAUSE_SECONDS = 2;
const MOST_ROUNDS = 30;

const look = z.object({ done: z.boolean(), status: z.string() });

const workflow = defineWorkflow({
  name: 'PollUntilDone',
  version: 1,
  description: `Asks an address every ${PAUSE_SECONDS} s until it answers that the work is done, at most ${MOST_ROUNDS} times.`,
  input: z.object({ url: z.url(), doneWhen: z.string().default('done') }),
  output: z.object({ status: z.string(), rounds: z.number() }),
  variables: look,
  timeoutSeconds: 3600,
}).build((wf, { url, doneWhen }) => {
  wf.set('begin', { done: false, status: 'unknown' });
  const { done, status } = wf.variables;
  const loop = wf.repeat('poll', { rounds: MOST_ROUNDS, until: '$.done', inputs: { done } }, (round) => {
    const answer = round.task('ask', httpRequest, { url });
    const seen = round.jq('look', {
      inputs: { body: answer.output.body, doneWhen },
      query:
        '(.body | if type == "object" then .status else null end) as $s | {done: ($s == .doneWhen), status: ($s // "unknown" | tostring)}',
      output: look,
    });
    round.set('keep', { done: seen.output.result.done, status: seen.output.result.status });
    // The server waits. During this time, no worker is busy.
    round.switch('again', seen.output.result.done, {
      true: () => {},
      false: (wait) => wait.wait('pause', { seconds: PAUSE_SECONDS }),
    });
  });
  wf.switch('in_time', done, {
    true: () => {},
    false: (late) => late.terminate('give_up', 'FAILED', `${url} still says "${status}" after ${MOST_ROUNDS} rounds.`),
  });
  return { status, rounds: loop.output.iteration };
});

export default defineTemplate({
  name: 'poll_until',
  title: 'Ask again until it is done',
  description:
    'A loop that asks, checks the answer and waits before it asks again. It gives up after a number of rounds.',
  whenToUse:
    'Work in another system that takes minutes and cannot call back. If the other system can call back, wait for its signal (`wf.wait`) or its event instead.',
  workflow,
});
