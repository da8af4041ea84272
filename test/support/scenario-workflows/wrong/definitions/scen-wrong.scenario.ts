import { defineScenarios, unchecked } from '../../../../../workflows/scenario/define-scenarios.ts';
import { exactly } from '../../../../../workflows/scenario/expected.ts';
import { answers, completes, each, fails, rounds } from '../../../../../workflows/scenario/mocks.ts';
import scenWrong from './scen-wrong.ts';

const input = { text: 'x' };
const good = completes({ rating: 'good', points: 9 });
const bad = completes({ rating: 'bad', points: 1 });
const completed = { status: 'COMPLETED' } as const;

export default defineScenarios(scenWrong, {
  'has no answer for a task': { input, tasks: { rate: good }, expect: completed },
  'has too few answers for the attempts': { input, tasks: { rate: [fails('busy')] }, expect: completed },
  'misspells a reference': { input, tasks: { rte: good }, expect: completed },
  'misspells an expected reference': { input, tasks: { rate: bad }, expect: { ...completed, ran: ['praize'] } },
  'answers what the worker never could': {
    input,
    tasks: { rate: completes({ rating: 'fair', points: 9 }) },
    expect: completed,
  },
  'answers with more than the worker does': {
    input,
    tasks: { rate: completes({ rating: 'bad', points: 9, colour: 'red' }) },
    expect: completed,
  },
  'completes an HTTP task with a status that fails it': {
    input,
    tasks: { rate: good, praise: answers(404, null) },
    expect: completed,
  },
  'forgets the envelope of an HTTP answer': {
    input,
    tasks: { rate: good, praise: completes({ ok: true }) },
    expect: completed,
  },
  'answers for what the server computes': { input, tasks: { rate: bad, by_rating: completes() }, expect: completed },
  'tells rounds apart outside of a loop': { input, tasks: { rate: rounds(good, bad) }, expect: completed },
  'tells items apart where there is no fork': { input, tasks: { rate: each(good) }, expect: completed },
  'starts with an input that is refused': { input: { text: 7 as never }, tasks: { rate: bad }, expect: completed },
  'names a task that is not a sub-workflow': {
    input,
    tasks: { rate: bad },
    subWorkflows: { rate: {} },
    expect: completed,
  },
  'expects another end': {
    input,
    tasks: { rate: fails('the dictionary is lost') },
    expect: { status: 'COMPLETED', output: { points: 9 } },
  },
  'expects another output, path and input': {
    input: unchecked({ text: 'x', more: true }),
    tasks: { rate: [fails('busy'), bad] },
    expect: {
      status: 'COMPLETED',
      output: exactly({ points: 2 }),
      attempts: { rate: 1 },
      inputs: { rate: { text: /y/ } },
      ran: ['praise'],
      notRan: ['by_rating'],
    },
  },
});
