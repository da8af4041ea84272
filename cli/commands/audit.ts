import { existsSync } from 'node:fs';
import { z } from 'zod';
import { auditFolder } from '../../core/audit/folder.ts';
import { fileEnd } from '../../core/audit/opening-line.ts';
import { refusals } from '../../core/audit/parse-line.ts';
import { searchAudit } from '../../core/audit/search.ts';
import { userAuditFolder } from '../../core/audit/user-folder.ts';
import { verifyAudit } from '../../core/audit/verify.ts';
import { reportOf } from '../../core/audit/verify-report.ts';
import { FleetError } from '../../core/errors.ts';
import { count } from '../../core/text.ts';
import { epochMsOf, timeOrAge } from '../../mcp/shared/times.ts';
import { actionsOf } from '../arguments/actions.ts';
import { parseOptions } from '../arguments/parse-options.ts';
import { readText } from '../arguments/text-file.ts';
import { type CommandContext, defineCommand } from '../define-command.ts';
import { auditTable } from '../printing/audit-table.ts';

const actions = actionsOf('[action]', {
  search: 'Show recorded requests, the newest first. This is the default action.',
  verify: 'Check that no line of the records was changed or removed. Exits with 1 if one was.',
});

const DECISIONS = ['allowed', 'refused', ...refusals] as const;

const optionsSchema = z.object({
  since: timeOrAge.optional(),
  caller: z.string().min(1).optional(),
  tool: z.string().min(1).optional(),
  decision: z.enum(DECISIONS).optional(),
  execution: z.string().min(1).optional(),
  limit: z.coerce.number().int().min(1).max(100_000).default(50),
  known: z.string().min(1).optional(),
  json: z.boolean().default(false),
});
type Options = z.output<typeof optionsSchema>;

/** How often a long run reports its progress. */
const PROGRESS_EVERY_MS = 2000;

export default defineCommand({
  groups: ['server', 'audit'],
  configure(command) {
    command
      .addArgument(actions.argument)
      .option('--since <time>', 'search: only requests since this time, such as 2026-11-21T16:00:00Z, 30m, 2h or 7d.')
      .option('--caller <name>', 'search: only requests of the caller with this name or id.')
      .option('--tool <name>', 'search: only requests for this tool, resource or prompt, or with this method.')
      .option('--decision <decision>', `search: only requests with this decision: ${DECISIONS.join(', ')}.`)
      .option('--execution <id>', 'search: only requests that name this execution, or whose answer does.')
      .option('--limit <n>', 'search: number of requests, 1 to 100000 (default: 50).')
      .option(
        '--known <file>',
        'verify: also check that everything is still there that was there when --json wrote this file.',
      )
      .option('--json', 'Print JSON: search prints one request per line.')
      .addHelpText(
        'after',
        `${actions.help}

Examples:
  fleet audit --since 2h --decision refused
  fleet audit --execution 0f2c4a8e-4a0e-4c52-9a1c-5f4d0c1e7b11
  fleet audit verify
  fleet audit verify --json > yesterday.json; fleet audit verify --known yesterday.json`,
      );
  },
  async run(context) {
    const options = parseOptions(optionsSchema, context.options, 'audit');
    const [action = 'search'] = context.args;
    refuseFlagsOfOther(action, context.options);
    try {
      await (action === 'verify' ? verify : search)(context, options);
    } finally {
      if (context.config.mcpAuditDir === undefined) noteOther(auditFolder(context.config), context.note);
    }
  },
});

/** Refuses the flags of the other action, because they would do nothing. */
function refuseFlagsOfOther(action: string, given: CommandContext['options']): void {
  const own =
    action === 'verify' ? ['known', 'json'] : ['since', 'caller', 'tool', 'decision', 'execution', 'limit', 'json'];
  const [foreign] = Object.keys(given).filter((name) => !own.includes(name));
  if (foreign === undefined) return;
  throw new FleetError('input', `\`fleet audit ${action}\` has no flag --${foreign}.`, {
    remedy: 'See `fleet audit --help`.',
  });
}

async function search({ config, signal, print, note }: CommandContext, options: Options): Promise<void> {
  const { since, caller, tool, decision, execution: executionId, limit, json } = options;
  const folder = auditFolder(config);
  const wanted = {
    ...(since !== undefined && { since: epochMsOf(since, Date.now()) }),
    ...(caller !== undefined && { caller }),
    ...(tool !== undefined && { tool }),
    ...(decision !== undefined && { decision }),
    ...(executionId !== undefined && { executionId }),
    limit,
  };
  const found = await withProgress(note, (onFile) => searchAudit(folder, wanted, { signal, onFile }));
  const { requests, unreadable } = found;
  if (json) for (const request of requests) print(JSON.stringify(request));
  else if (requests.length > 0) for (const line of auditTable(requests)) print(line);
  if (unreadable > 0) note(`${count(unreadable, 'line')} cannot be read. See which: fleet audit verify`);
  const more = requests.length === limit ? ' There may be more: use --limit.' : '';
  note(`${count(requests.length, 'request')} found in ${folder}.${more}`);
}

/** Servers that clients start outside a project have a log of their own. */
function noteOther(folder: string, note: CommandContext['note']): void {
  const other = userAuditFolder();
  if (folder !== other && existsSync(other))
    note(`MCP servers outside a project record in ${other}. To look there: --audit-dir "${other}"`);
}

async function verify(
  { config, signal, print, note, exitWith }: CommandContext,
  { known, json }: Options,
): Promise<void> {
  const folder = auditFolder(config);
  const ends = known === undefined ? [] : knownEnds(known);
  const verified = await withProgress(note, (onFile) => verifyAudit(folder, { known: ends, signal, onFile }));
  if (verified.problems.length > 0) exitWith(1);
  if (json) return print(JSON.stringify(verified));
  const { problems, torn, verdict, facts } = reportOf(verified);
  for (const line of [...problems, ...torn, verdict, ...facts]) print(line);
  note(`The audit log is in ${folder}.`);
}

/** Reads what `fleet audit verify --json` has printed. */
function knownEnds(file: string): z.output<typeof knownSchema>['ends'] {
  const remedy = 'Give --known a file that `fleet audit verify --json` has written.';
  const text = readText(file, remedy);
  try {
    return knownSchema.parse(JSON.parse(text)).ends;
  } catch (cause) {
    throw new FleetError('input', `"${file}" does not contain the result of a verification.`, { remedy, cause });
  }
}

const knownSchema = z.object({ ends: z.array(fileEnd) });

/** Says every two seconds how many files have been read. */
async function withProgress<T>(
  note: CommandContext['note'],
  work: (onFile: (index: number, files: number) => void) => Promise<T>,
): Promise<T> {
  let progress = 'No file has been read yet.';
  const timer = setInterval(() => note(progress), PROGRESS_EVERY_MS);
  try {
    return await work((index, files) => {
      progress = `${index} of ${count(files, 'file')} read.`;
    });
  } finally {
    clearInterval(timer);
  }
}
