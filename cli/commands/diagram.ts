import { z } from 'zod';
import { findDefinition } from '../../core/conductor/start-checked.ts';
import { type Execution, executionSchema } from '../../core/conductor/types.ts';
import { FleetError, messageOf } from '../../core/errors.ts';
import { parseExactly } from '../../core/json.ts';
import { count } from '../../core/text.ts';
import type { Diagram } from '../../workflows/diagram/diagram.ts';
import { type DefinitionLike, drawDefinition, drawExecution } from '../../workflows/diagram/draw.ts';
import { fold } from '../../workflows/diagram/fold.ts';
import { toMermaid } from '../../workflows/diagram/to-mermaid.ts';
import { toSvg } from '../../workflows/diagram/to-svg.ts';
import { toText } from '../../workflows/diagram/to-text.ts';
import { parseOptions } from '../arguments/parse-options.ts';
import { readText, writeOut } from '../arguments/text-file.ts';
import { withConductor } from '../connect.ts';
import { type CommandContext, defineCommand } from '../define-command.ts';
import { loadWorkflows } from '../load-content.ts';

const formats = ['text', 'mermaid', 'svg'] as const;
type Format = (typeof formats)[number];

const optionsSchema = z.object({
  format: z.enum(formats).optional(),
  out: z.string().min(1).optional(),
  workflowVersion: z.coerce.number().int().positive().optional(),
  ascii: z.boolean().default(false),
  all: z.boolean().default(false),
  width: z.coerce.number().int().min(20).optional(),
});
type Options = z.output<typeof optionsSchema>;

const EXAMPLES = `
Examples:
  fleet diagram OrderProcessing                     a definition, in the terminal
  fleet diagram OrderProcessing --out order.svg     the same as a picture, or with order.mmd as Mermaid
  fleet diagram 0f9c2d3e-…                          an execution with its states, durations, attempts and branches taken
  fleet diagram definition.json                     a definition or an execution from a file

\`fleet status <id> --json\` prints an execution for such a file. The command looks for a name first in the folder of definitions, then
on the server. For an execution, the diagram only counts long runs of tasks, branches and loop rounds that succeeded. --all draws them.`;

export default defineCommand({
  groups: ['conductor', 'server', 'content'],
  configure(command) {
    command
      .argument('<what>', 'Name of a workflow, id of an execution, or a JSON file.')
      .option('--format <format>', `${formats.join(', ')}. Default: the format of --out, else text.`)
      .option('--out <file>', 'Write the diagram to this file. Its extension, .svg or .mmd, chooses the format.')
      .option(
        '--workflow-version <n>',
        'Version of the definition. Default: the version in the folder of definitions, else the highest on the server.',
      )
      .option('--all', 'Draw every task of an execution.')
      .option('--ascii', 'text: draw with ASCII characters only.')
      .option(
        '--width <columns>',
        'text: cut lines to this width. Default: the width of the terminal; without one, no limit.',
      )
      .addHelpText('after', EXAMPLES);
  },
  async run(context) {
    const options = parseOptions(optionsSchema, context.options, 'diagram');
    const format = formatOf(options);
    const drawn = await draw(context.args[0] ?? '', options, context);
    const { diagram, hidden } = options.all ? { diagram: drawn, hidden: 0 } : fold(drawn);
    const text = write(diagram, format, options, context);
    if (options.out === undefined) context.print(text.trimEnd());
    else {
      writeOut(options.out, `${text.trimEnd()}\n`);
      context.note(`Wrote ${options.out}.`);
    }
    if (format === 'mermaid' && isBeyondMermaid(text)) {
      context.note(
        'By default Mermaid refuses more than 500 connections or 50,000 characters. Use --format svg, or raise maxEdges and maxTextSize of Mermaid.',
      );
    }
    if (hidden > 0) context.note(`The diagram only counts ${count(hidden, 'task')}. To draw every task, add --all.`);
  },
});

function write(diagram: Diagram, format: Format, { ascii, width, out }: Options, { terminal }: CommandContext): string {
  if (format === 'mermaid') return toMermaid(diagram);
  if (format === 'svg') return toSvg(diagram);
  const shown = out === undefined ? terminal : undefined;
  const columns = width ?? shown?.columns;
  return toText(diagram, { ascii, colours: shown?.colours ?? false, ...(columns && { width: columns }) });
}

/** True if Mermaid refuses the text under its default limits (`maxEdges`, `maxTextSize`). GitHub and others keep these limits. */
function isBeyondMermaid(text: string): boolean {
  return text.length > 50_000 || (text.match(/ -(->|\.->)/g)?.length ?? 0) > 500;
}

function formatOf({ format, out = '' }: Options): Format {
  if (format) return format;
  if (/\.svg$/i.test(out)) return 'svg';
  return /\.(mmd|mermaid)$/i.test(out) ? 'mermaid' : 'text';
}

const EXECUTION_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

async function draw(what: string, options: Options, context: CommandContext): Promise<Diagram> {
  if (/\.json$/i.test(what)) return drawFile(what);
  if (EXECUTION_ID.test(what)) return drawById(what, context);
  const { workflowVersion: version } = options;
  const ours = (await loadWorkflows(context.config)).find(({ name }) => name === what);
  if (ours && (version === undefined || version === ours.version)) return drawDefinition(ours.def);
  return withConductor(context.config, async (conductor) =>
    drawDefinition(
      await findDefinition(conductor.withSignal(context.signal), { name: what, ...(version && { version }) }),
    ),
  );
}

function drawById(workflowId: string, { config, signal }: CommandContext): Promise<Diagram> {
  return withConductor(config, async (conductor) => {
    const calls = conductor.withSignal(signal);
    const execution = await calls.getExecution(workflowId);
    const { workflowName: name, workflowVersion: version } = execution;
    const def = definitionIn(execution) ?? (await calls.getWorkflowDef(name, version));
    return drawExecution(def, execution, Date.now());
  });
}

/** Checks only the fields that a picture needs. Other mistakes of a definition appear in the picture. */
const definitionSchema = z.looseObject({
  name: z.string(),
  version: z
    .int()
    .nullish()
    .transform((value) => value ?? 1),
  tasks: z.array(z.unknown()),
});

/** Each execution stores the definition that it was started with. */
function definitionIn(execution: Execution): DefinitionLike | undefined {
  return definitionSchema.safeParse(execution.workflowDefinition).data;
}

function drawFile(file: string): Diagram {
  const json = readJson(file);
  const value: unknown = Array.isArray(json) && json.length === 1 ? json[0] : json;
  const execution = executionSchema.safeParse(value).data;
  const own = execution && definitionIn(execution);
  if (execution && own) return drawExecution(own, execution, Date.now());
  const def = definitionSchema.safeParse(value);
  if (def.success) return drawDefinition(def.data);
  const held = Array.isArray(json) ? ` It holds a list of ${json.length} values.` : '';
  throw new FleetError('input', `"${file}" holds neither one workflow definition nor one execution.${held}`, {
    remedy: 'A definition has a name and a list of tasks. `fleet status <id> --json` prints an execution.',
    cause: def.error,
  });
}

function readJson(file: string): unknown {
  const remedy = 'Give a JSON file that holds a definition or an execution.';
  try {
    return parseExactly(readText(file, remedy));
  } catch (cause) {
    if (cause instanceof FleetError) throw cause;
    throw new FleetError('input', `"${file}" is not JSON: ${messageOf(cause)}.`, { remedy, cause });
  }
}
