import { z } from 'zod';
import { type Execution, hasEnded } from '../../core/conductor/types.ts';
import { FleetError } from '../../core/errors.ts';
import { clip } from '../../core/text.ts';
import type { PreparedDesign } from '../authoring/prepare-design.ts';
import {
  existsAlready,
  type MadeCall,
  sameCallWith,
  storeMissingTaskDefs,
  storeWorkflow,
} from '../authoring/store-definitions.ts';
import type { Written } from '../authoring/write-steps.ts';
import { defineTool, type ToolAnswer, type ToolContext } from '../engine/define-tool.ts';
import { gateLines, gatesOf } from '../operate/gates.ts';
import { jsonObject, newWorkflowName } from '../shared/fields.ts';
import { callOf, quote, quoteIfUnusual } from '../shared/quote.ts';

const MOST_STEPS = 100;
const MOST_TOOLS = 50;
/** Clients give up a call after 60 s, and the dry run takes part of that. */
const MOST_SECONDS = 30;
const DESCRIPTION_LIMIT = 4_000;
const STORED_DESCRIPTION = 500;
const OUTLINE_LINES = 30;
const OUTPUT_LIMIT = 4_000;

const output = z.object({
  name: z.string(),
  version: z.int(),
  executionId: z.string().optional(),
  status: z.string().optional(),
  output: jsonObject.optional(),
});
type Answer = ToolAnswer<z.input<typeof output>>;

export default defineTool({
  name: 'design_and_execute_workflow',
  title: 'Design workflow',
  description:
    'Builds a new workflow from short steps, or an idea in words alone (only where the client or server has a language model): dry-runs, registers and starts it.',
  toolset: 'author',
  byDefault: true,
  permission: 'workflows:write',
  annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: false, openWorldHint: true },
  input: z.strictObject({
    name: newWorkflowName.describe('New name: letters, digits, _ and -'),
    description: z
      .string()
      .refine((text) => text.length <= DESCRIPTION_LIMIT, `must be at most ${DESCRIPTION_LIMIT} characters long`)
      .optional()
      .describe('What it does; without steps, the idea to build'),
    steps: z
      .array(z.looseObject({}))
      .refine((steps) => steps.length >= 1 && steps.length <= MOST_STEPS, `must be 1 to ${MOST_STEPS} steps`)
      .optional()
      .describe(
        'With id, type: http url | worker task,input | mcp_tool tool | llm prompt | approval | script code | jq | parallel branches | branch if,then | loop over,steps; ${id.body.x}, ${input.x}',
      ),
    tools_required: z
      .array(z.string().min(1).max(255))
      .refine((names) => names.length <= MOST_TOOLS, `must be at most ${MOST_TOOLS} names`)
      .optional()
      .describe('The only workers (task types), workflows and MCP tools that the steps may call, e.g. ["charge_card"]'),
    input: jsonObject.default({}).describe('Input of the first run'),
    execute: z.boolean().default(true).describe('false: only register'),
    overwrite: z.boolean().default(false).describe('Replace a workflow of this name'),
    waitSeconds: z
      .int()
      .refine((seconds) => seconds >= 0 && seconds <= MOST_SECONDS, `must be 0 to ${MOST_SECONDS}`)
      .default(0)
      .describe('Wait up to so long for the end'),
  }),
  output,
}).handler(async (args, context) => {
  const { name, description, input, execute, overwrite } = args;
  const made: MadeCall = { tool: 'design_and_execute_workflow', args };
  if (execute && !context.allows('workflows:execute')) {
    throw new FleetError('denied', 'You may register workflows but not start them.', {
      remedy: `Register it without starting: ${sameCallWith(made, { execute: false })}`,
    });
  }
  const version = await freeVersion(name, overwrite, made, context);
  const { steps, output: wanted } = await stepsOf(args, context);
  const { prepareDesign } = await import('../authoring/prepare-design.ts');
  const purpose = description && clip(description, STORED_DESCRIPTION);
  const checkInputs = (names: readonly string[]) => {
    if (execute) refuseMissing(names, input, made);
  };
  const design = { name, version, description: purpose, steps, output: wanted };
  const ready = await prepareDesign(design, { input, toolsRequired: args.tools_required, checkInputs }, context);
  const created = await storeMissingTaskDefs(ready.taskDefs, context.conductor);
  await storeWorkflow(ready.def, context, { overwrite, made }).catch((error: unknown) => {
    throw withCreated(error, created);
  });
  context.progress({ progress: 4, total: 4, message: 'registered' });
  const lines = await outlineOf(ready, created, context);
  const structured = { name, version };
  if (!execute) {
    lines.push(`Start it: ${callOf('execute_workflow', { name, version, input: exampleOf(ready.inputs, input) })}`);
    return { text: lines.join('\n'), structured };
  }
  return run({ ...args, version }, { lines, structured }, context);
});

/** Adds to an error the task definitions that were registered before the error. */
function withCreated(error: unknown, created: readonly string[]): unknown {
  if (!(error instanceof FleetError) || created.length === 0) return error;
  const { code, message, remedy, retryable, cause } = error;
  const more = `${message} (Registered before that: task definitions ${created.join(', ')}.)`;
  return new FleetError(code, more, { ...(remedy !== undefined && { remedy }), retryable, cause });
}

/** Checks the name before anything is registered. If another caller takes it meanwhile, storing the definition reports that. */
async function freeVersion(
  name: string,
  overwrite: boolean,
  made: MadeCall,
  { conductor }: ToolContext,
): Promise<number> {
  const all = await conductor.listWorkflowVersions();
  const versions = (Object.hasOwn(all, name) ? (all[name] ?? []) : []).map(({ version }) => version);
  if (versions.length === 0) return 1;
  const version = Math.max(...versions);
  if (!overwrite) throw existsAlready({ name, version }, made);
  return version;
}

interface Given {
  name: string;
  description?: string | undefined;
  steps?: Record<string, unknown>[] | undefined;
  tools_required?: string[] | undefined;
}

async function stepsOf(
  { name, description, steps, tools_required: toolsRequired }: Given,
  context: ToolContext,
): Promise<Written> {
  if (steps) return { steps };
  const { formatNeeded, writeSteps } = await import('../authoring/write-steps.ts');
  if (description === undefined) throw formatNeeded(name, 'The call has neither steps nor a description.');
  return writeSteps({ name, description, toolsRequired }, context);
}

/** Refuses a missing input, because it would be null in every step that reads it. */
function refuseMissing(inputs: readonly string[], input: Readonly<Record<string, unknown>>, made: MadeCall): void {
  const missing = inputs.filter((one) => !(one in input));
  if (missing.length === 0) return;
  throw new FleetError(
    'input',
    `Nothing was registered: the input lacks ${missing.map(quoteIfUnusual).join(', ')}, which steps read.`,
    {
      remedy: `Add them (null for no value), or register without starting: ${sameCallWith(made, { execute: false })}`,
    },
  );
}

function exampleOf(inputs: readonly string[], given: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(inputs.map((name) => [name, given[name] ?? null]));
}

async function outlineOf(ready: PreparedDesign, created: readonly string[], context: ToolContext): Promise<string[]> {
  const [{ drawDefinition }, { toText }, { findingLines }] = await Promise.all([
    import('../../workflows/diagram/draw.ts'),
    import('../../workflows/diagram/to-text.ts'),
    import('../authoring/findings.ts'),
  ]);
  const { def, dryRun, warnings } = ready;
  const outline = toText(drawDefinition(def), { width: 100 }).trimEnd().split('\n');
  const dry = dryRun.kind === 'unfinished' || dryRun.note !== undefined ? dryRun.note : 'The dry run completed.';
  return [
    `Registered ${def.name} version ${def.version}${created.length > 0 ? ` and task definitions ${created.join(', ')}` : ''}. ${dry}`,
    ...outline.slice(0, OUTLINE_LINES),
    ...(outline.length > OUTLINE_LINES ? [`… ${outline.length - OUTLINE_LINES} more lines`] : []),
    ...findingLines(warnings),
    ...(await unserved(ready, context)),
  ];
}

/** A sentence about tasks that no worker has ever polled. */
async function unserved({ def }: PreparedDesign, { conductor }: ToolContext): Promise<string[]> {
  const { walk } = await import('../../workflows/model/walk.ts');
  const tasks = [...walk(def.tasks)].filter(({ task }) => task.type === 'SIMPLE').map(({ task }) => task.name);
  const polled = await Promise.all(
    [...new Set(tasks)].map(async (name) => ({ name, by: await conductor.pollData(name) })),
  );
  const names = polled.filter(({ by }) => by.length === 0).map(({ name }) => quoteIfUnusual(name));
  return names.length > 0
    ? [`No worker has polled ${names.join(', ')} yet. The execution will wait there until a worker polls.`]
    : [];
}

interface Registered {
  readonly lines: readonly string[];
  readonly structured: z.input<typeof output>;
}

async function run(
  {
    name,
    version,
    input,
    waitSeconds,
  }: { name: string; version: number; input: Record<string, unknown>; waitSeconds: number },
  { lines, structured }: Registered,
  { conductor, signal }: ToolContext,
): Promise<Answer> {
  const executionId = await start(() => conductor.startWorkflow({ name, version, input }), { name, version, input });
  const follow = callOf('get_execution_status', { executionId });
  try {
    const isEnough = async (standing: Execution) => (await gatesOf(conductor, standing)).length > 0;
    const execution = await conductor.waitForEnd(executionId, { seconds: waitSeconds, signal, isEnough });
    const { status, output: result, reasonForIncompletion: reason } = execution;
    const head = `Started as ${executionId}: ${status}.`;
    if (!hasEnded(status)) {
      const gates = gateLines(await gatesOf(conductor, execution));
      return {
        text: [...lines, head, ...gates, `Follow it: ${follow}`].join('\n'),
        structured: { ...structured, executionId, status },
      };
    }
    const json = JSON.stringify(result);
    const isWhole = json.length <= OUTPUT_LIMIT;
    const shown = isWhole ? json : `${clip(json, OUTPUT_LIMIT)}… [cut; whole: ${follow}]`;
    const why = reason ? [`Reason (quoted): ${quote(reason)}`, callOf('diagnose_execution', { executionId })] : [];
    return {
      text: [...lines, head, ...why, `Output: ${shown}`].join('\n'),
      structured: { ...structured, executionId, status, ...(isWhole && { output: result }) },
    };
  } catch (error) {
    const why = error instanceof FleetError ? ` (${error.code})` : '';
    const text = `Started as ${executionId}, but its state could not be read${why}. Do not start it again; ask later: ${follow}`;
    return { text: [...lines, text].join('\n'), structured: { ...structured, executionId, status: 'UNKNOWN' } };
  }
}

/** Starts the workflow. If the start fails, the error says that the workflow is registered. */
async function start(
  begin: () => Promise<string>,
  call: { name: string; version: number; input: unknown },
): Promise<string> {
  try {
    return await begin();
  } catch (error) {
    if (!(error instanceof FleetError)) throw error;
    const look = callOf('list_workflow_executions', { workflowName: call.name, limit: 5 });
    throw new FleetError(
      error.code,
      `${call.name} version ${call.version} is registered, but its start failed: ${error.message}`,
      {
        retryable: false,
        remedy: `It may have started. Check that: ${look}\nIf it has not started: ${callOf('execute_workflow', call)}`,
        cause: error.cause,
      },
    );
  }
}
