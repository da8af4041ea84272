import { z } from 'zod';
import { isLock } from '../../core/conductor/lock-names.ts';
import { clip } from '../../core/text.ts';
import { definePrompt } from '../reading/define-prompt.ts';
import { callOf, quoteIfUnusual } from '../shared/quote.ts';

const SHOWN_NAMES = 200;

export default definePrompt({
  name: 'author_workflow',
  title: 'Write a workflow',
  description:
    'Leads from a goal to a registered, running workflow: shows what exists already, the format of steps, and the order of work.',
  permission: 'workflows:read',
  arguments: z.strictObject({
    goal: z.string().min(1).max(4000).describe('What the workflow should do, in a sentence or more'),
  }),
}).messages(async ({ goal }, { definitions, allows }) => {
  const [{ STEP_FORMAT }, { listTemplates }] = await Promise.all([
    import('../../workflows/steps/step-format.ts'),
    import('../../workflows/templates/registry/templates.ts'),
  ]);
  const names = [...(await definitions.index()).keys()].filter((name) => !isLock(name)).sort();
  const shown = names.slice(0, SHOWN_NAMES).map(quoteIfUnusual);
  const more = names.length - shown.length;
  const templates = (await listTemplates()).map(({ name, whenToUse }) => `${name} | ${clip(whenToUse, 200)}`);
  return [
    {
      text: [`I want a Conductor workflow: ${goal}`, '', ...order(allows('workflows:write')), '', STEP_FORMAT].join(
        '\n',
      ),
    },
    resource('conductor://workflows', [...shown, ...(more > 0 ? [`and ${more} more`] : [])]),
    resource('conductor://templates', ['name | when', ...templates]),
  ];
});

function order(mayWrite: boolean): string[] {
  const last = mayWrite
    ? 'Show me the plan in a few lines and ask before you register anything.'
    : 'This connection may not register workflows. End with the steps, so that a person who may can register them.';
  return [
    'Work in this order:',
    `1. Check below whether a registered workflow already does this; ${callOf('list_workflows', {})} tells more about each. If one does this, tell me.`,
    `2. If a template below fits, start from it: ${callOf('get_workflow_template', { name: 'sequential' })}, with the name of that template.`,
    '3. Write the workflow as steps, in the format below. Read every value that it needs from ${input.x}. Keep the retries of calls that are safe to repeat; give a call that must not happen twice an idempotency key.',
    '4. Check and dry-run it without starting it: design_and_execute_workflow with "execute":false. Fix what it reports; do not work around it.',
    '5. Start it with an example input and waitSeconds, then check it: get_execution_status. If it fails or hangs, diagnose_execution says why.',
    '6. If steps cannot express something, write it as Conductor JSON: first validate_workflow, then create_workflow.',
    last,
  ];
}

function resource(uri: string, lines: readonly string[]) {
  return { resource: { uri, mimeType: 'text/plain', text: lines.join('\n') } };
}
