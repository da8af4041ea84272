import { defineTool, z } from 'conductor-fleet';

export default defineTool({
  name: 'say_hello',
  title: 'Greet a person',
  description: 'Starts the workflow HelloWorld and returns the id of the execution.',
  toolset: 'workflows',
  permission: 'workflows:execute',
  annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: false, openWorldHint: false },
  input: z.strictObject({ name: z.string().min(1).describe('The person to greet, e.g. "Ada"') }),
  output: z.object({ executionId: z.string() }),
}).handler(async (input, { conductor }) => {
  const executionId = await conductor.startWorkflow({ name: 'HelloWorld', input });
  return { text: `Started HelloWorld as execution ${executionId}.`, structured: { executionId } };
});
