import { z } from 'zod';
import logMessage from '../../workers/tasks/log-message.ts';
import { defineWorkflow } from '../dsl/define-workflow.ts';
import { defineTemplate } from './registry/define.ts';

const workflow = defineWorkflow({
  name: 'SequentialSteps',
  version: 1,
  description: 'Says here in one sentence what the workflow does.',
  input: z.object({ who: z.string().min(1).default('world') }),
  output: z.object({ greeting: z.string(), loggedAt: z.string() }),
  timeoutSeconds: 300,
}).build((wf, { who }) => {
  // Computed by the server itself. References such as `who` are inputs of a query, never part of its text.
  const greeting = wf.jq('compose', { inputs: { who }, query: '"Hello, \\(.who)!"', output: z.string() });
  // Done by a worker: any task of workers/tasks/ or of your own folder.
  const logged = wf.task('log', logMessage, { message: greeting.output.result });
  return { greeting: greeting.output.result, loggedAt: logged.output.loggedAt };
});

export default defineTemplate({
  name: 'sequential',
  title: 'One step after another',
  description: 'A value is computed, a worker does something with it, and both results are the output.',
  whenToUse:
    'The place to begin: steps that need each other, in a fixed order. Add and replace steps as you need them.',
  workflow,
});
