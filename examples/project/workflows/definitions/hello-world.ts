import { defineWorkflow, z } from 'conductor-fleet';
import greet from '../../workers/tasks/greet.ts';

export default defineWorkflow({
  name: 'HelloWorld',
  version: 1,
  description: 'Greets a person and counts the letters of the greeting.',
  input: z.object({ name: z.string().min(1).default('world') }),
  output: z.object({ greeting: z.string(), letters: z.int() }),
}).build((wf, { name }) => {
  // A worker executes this task.
  const greeted = wf.task('greet', greet, { name });
  // The server computes this itself, in the language of jq.
  const counted = wf.jq('count', {
    inputs: { greeting: greeted.output.greeting },
    query: '.greeting | length',
    output: z.int(),
  });
  return { greeting: greeted.output.greeting, letters: counted.output.result };
});
