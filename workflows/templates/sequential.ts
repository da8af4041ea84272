import { defineWorkflow, z } from 'conductor-fleet';
import logMessage from '../../workers/tasks/log-message.ts';
import { defineTemplate } from './registry/define-template.ts';

const workflow = defineWorkflow({
  name: 'SequentialSteps',
  version: 1,
  description: 'Says in one sentence what the workflow does.',
  input: z.object({ who: z.string().min(1).default('world') }),
  output: z.object({ greeting: z.string(), loggedAt: z.string() }),
  timeoutSeconds: 300,
}).build((wf, { who }) => {
  // The server computes this. References such as `who` are inputs of the query, never a part of its text.
  const greeting = wf.jq('compose', { inputs: { who }, query: '"Hello, \\(.who)!"', output: z.string() });
  // A worker executes this task. It can be any task in workers/tasks/ or in your own folder.
  const logged = wf.task('log', logMessage, { message: greeting.output.result });
  return { greeting: greeting.output.result, loggedAt: logged.output.loggedAt };
});

export default defineTemplate({
  name: 'sequential',
  title: 'One step after another',
  description: 'The server computes a value, a worker uses it, and both results are the output.',
  whenToUse:
    'The first template to try: steps in a fixed order, where each step can use the earlier results. Add and replace steps as you need them.',
  workflow,
});
