import { defineWorkflow, z } from 'conductor-fleet';
import httpRequest from '../../workers/tasks/http-request.ts';
import { defineTemplate } from './registry/define-template.ts';

const summary = z.object({ reached: z.number(), unreachable: z.array(z.string()), statusCodes: z.array(z.number()) });

const workflow = defineWorkflow({
  name: 'ParallelFanOut',
  version: 1,
  description: 'Calls any number of addresses at the same time and summarises their answers.',
  input: z.object({ urls: z.array(z.url()) }),
  output: summary,
  timeoutSeconds: 600,
}).build((wf, { urls }) => {
  // One task per item, each with its own retries. Without `optional`, the first task that fails after its retries ends all other tasks too.
  const calls = wf.forkEach('call', urls, httpRequest, (url) => ({ url }), { optional: true });
  const summed = wf.jq('sum_up', {
    inputs: { urls, answers: calls.output.results },
    query: `
      [.urls, .answers] | transpose | {
        reached: map(select(.[1])) | length,
        unreachable: map(select(.[1] | not) | .[0]),
        statusCodes: map(.[1].statusCode // empty)
      }`,
    output: summary,
  });
  const { reached, unreachable, statusCodes } = summed.output.result;
  return { reached, unreachable, statusCodes };
});

export default defineTemplate({
  name: 'parallel_fan_out',
  title: 'The same task for every item of a list',
  description: 'One task for each item, all at the same time, then one step with all results in the order of the list.',
  whenToUse:
    'A list of up to some hundreds of independent items. For a few different tasks at the same time, use `wf.fork`.',
  workflow,
});
