import { z } from 'zod';
import type { WorkflowDef } from '../../core/conductor/types.ts';
import { FleetError } from '../../core/errors.ts';
import { count } from '../../core/text.ts';
import type { Finding } from '../../workflows/lint/lint.ts';
import { type MadeCall, sameCallWith, storeWorkflow } from '../authoring/store-definitions.ts';
import { defineTool } from '../engine/define-tool.ts';
import { definitionVersion, jsonObject, newWorkflowName, shortText } from '../shared/fields.ts';
import { callOf } from '../shared/quote.ts';

export default defineTool({
  name: 'create_workflow',
  title: 'Register workflow definition',
  description:
    'Checks and registers (saves, publishes) a workflow definition in Conductor JSON, or updates it. From short steps: design_and_execute_workflow.',
  toolset: 'author',
  byDefault: true,
  permission: 'workflows:write',
  annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: true, openWorldHint: false },
  input: z.strictObject({
    name: newWorkflowName.describe('1 to 100 letters, digits, _ and -'),
    description: shortText.optional().describe('What the workflow is for'),
    tasks: z
      .array(z.looseObject({}))
      .describe('Tasks in order, each with name, taskReferenceName, type and inputParameters'),
    version: definitionVersion.default(1).describe('Version to register'),
    outputParameters: jsonObject.optional().describe('Its output, e.g. {"total":"${sum_ref.output.total}"}'),
    timeoutSeconds: z.int().min(0).optional().describe('Time limit of one run; 0: none'),
    settings: jsonObject.optional().describe('Further fields of the definition, e.g. {"failureWorkflow":"undo"}'),
    overwrite: z.boolean().default(false).describe('Replace this version if it exists'),
    fix: z.boolean().default(false).describe('Make the safe repairs first'),
  }),
  output: z.object({ name: z.string(), version: z.int(), warnings: z.int() }),
}).handler(async (args, context) => {
  const { overwrite, fix, ...wanted } = args;
  const made: MadeCall = { tool: 'create_workflow', args };
  const { def, findings, fixed } = await checked(definitionOf(wanted), { fix, made }, context);
  await storeWorkflow(def, context, { overwrite, made });

  const { findingLines } = await import('../authoring/findings.ts');
  const { name, version, tasks } = def;
  const repairs = fixed > 0 ? ` ${count(fixed, 'repair')} made.` : '';
  const lines = [
    `Registered ${name} version ${version} (${count(tasks.length, 'task')}).${repairs} Start it: ${callOf('execute_workflow', { name, version, input: {} })}`,
    ...findingLines(findings),
  ];
  return { text: lines.join('\n'), structured: { name, version, warnings: findings.length } };
});

interface Wanted {
  name: string;
  version: number;
  description?: string | undefined;
  tasks: Record<string, unknown>[];
  outputParameters?: Record<string, unknown> | undefined;
  timeoutSeconds?: number | undefined;
  settings?: Record<string, unknown> | undefined;
}

function definitionOf({ settings, ...rest }: Wanted): WorkflowDef {
  return {
    schemaVersion: 2,
    // With the server's default policy a timeout has no effect.
    ...(rest.timeoutSeconds && { timeoutPolicy: 'TIME_OUT_WF' }),
    ...settings,
    ...Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined)),
  } as WorkflowDef; // lint and the server check the tasks before the definition is stored
}

/** The definition to store, and its remaining warnings. @throws FleetError `input` with every error */
async function checked(
  given: WorkflowDef,
  { fix, made }: { fix: boolean; made: MadeCall },
  { conductor }: Parameters<typeof storeWorkflow>[1],
): Promise<{ def: WorkflowDef; findings: Finding[]; fixed: number }> {
  const { checkDefinition, hasErrors, repaired } = await import('../authoring/check-definition.ts');
  const first = await checkDefinition(given, conductor);
  const repairs = repaired(given, first);
  const isFixed = fix && repairs.fixed.length > 0;
  const def = isFixed ? repairs.def : given;
  const findings = isFixed ? await checkDefinition(def, conductor) : first;
  if (!hasErrors(findings)) return { def, findings, fixed: isFixed ? repairs.fixed.length : 0 };
  const { findingLines } = await import('../authoring/findings.ts');
  const canRepair = !fix && repairs.fixed.some(({ severity }) => severity === 'error');
  throw new FleetError('input', `${given.name} was not registered:\n${findingLines(findings).join('\n')}`, {
    remedy: canRepair
      ? `Some errors can be repaired automatically: ${sameCallWith(made, { fix: true })}`
      : 'Correct these errors and call create_workflow again.',
  });
}
