import { completes, defineScenarios, fails, rounds } from 'conductor-fleet';
import template from './poll-until.ts';

const url = 'https://example.com/jobs/1';
const says = (status: string) => completes({ statusCode: 200, ok: true, headers: {}, body: { status } });

export default defineScenarios(template.workflow, {
  'ends after the first answer if the work is done': {
    input: { url },
    tasks: { ask: [fails('answered 503'), says('done')] },
    expect: { status: 'COMPLETED', output: { status: 'done', rounds: 1 }, notRan: ['pause'] },
  },
  'asks again until the work is done': {
    input: { url, doneWhen: 'ready' },
    tasks: { ask: rounds(says('queued'), says('running'), says('ready')), pause: completes() },
    expect: { status: 'COMPLETED', output: { status: 'ready', rounds: 3 } },
  },
  'gives up after all rounds': {
    input: { url },
    tasks: { ask: says('running'), pause: completes() },
    expect: { status: 'FAILED', reason: /still says "running"/, rounds: { poll: 30 } },
  },
  'treats an answer that is not an object as not done': {
    input: { url },
    tasks: {
      ask: rounds(completes({ statusCode: 200, ok: true, headers: {}, body: 'x' }), says('done')),
      pause: completes(),
    },
    expect: { status: 'COMPLETED', output: { rounds: 2 } },
  },
});
