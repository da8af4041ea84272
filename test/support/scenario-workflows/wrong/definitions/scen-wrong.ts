import { z } from 'zod';
import { defineTask } from '../../../../../core/contract.ts';
import { defineWorkflow } from '../../../../../workflows/dsl/define-workflow.ts';
import { externalApi } from '../../../../../workflows/dsl/policies.ts';

const rate = defineTask({
  name: 'scen_rate',
  description: 'Rates a text.',
  input: z.object({ text: z.string() }),
  output: z.object({ rating: z.enum(['good', 'bad']), points: z.number() }),
  retryCount: 1,
});

export default defineWorkflow({
  name: 'ScenWrong',
  version: 1,
  description: 'Every scenario of this workflow contains a mistake.',
  input: z.object({ text: z.string() }),
  output: z.object({ points: z.number() }),
}).build((wf, { text }) => {
  const rated = wf.task('rate', rate, { text });
  wf.switch('by_rating', rated.output.rating, {
    good: (good) => {
      good.http('praise', externalApi, {
        method: 'POST',
        uri: 'http://127.0.0.1:9/praise',
        body: { text },
        response: z.unknown(),
      });
    },
    bad: () => {},
  });
  return { points: rated.output.points };
});
