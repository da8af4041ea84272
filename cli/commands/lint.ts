import { readFile, writeFile } from 'node:fs/promises';
import { z } from 'zod';
import { FleetError } from '../../core/errors.ts';
import { parseExactly } from '../../core/json.ts';
import { count } from '../../core/text.ts';
import {
  applyFixes,
  type Finding,
  type KnownDefinitions,
  lintTaskDef,
  lintWorkflow,
  rules,
} from '../../workflows/lint/lint.ts';
import { parseOptions } from '../arguments/parse-options.ts';
import { withConductor } from '../connect.ts';
import { type CommandContext, defineCommand } from '../define-command.ts';
import { type Gathered, gather, isOnServer, nameOf, type Target } from '../lint-targets.ts';
import { shownPath } from '../printing/shown-path.ts';
import { whatWasRead } from '../project.ts';

const optionsSchema = z.object({
  strict: z.boolean().default(false),
  fix: z.boolean().default(false),
  server: z.boolean().default(false),
  list: z.boolean().default(false),
  json: z.boolean().default(false),
  rule: z.array(z.string()).default([]),
  ignore: z.array(z.string()).default([]),
});
type Options = z.output<typeof optionsSchema>;

const EXAMPLES = `
Examples:
  fleet lint                              check every definition of this project
  fleet lint workflow.json --fix          check a JSON file and make the safe corrections
  fleet lint definitions/ --server        check a folder; ask the server which other definitions exist
  fleet lint OrderProcessing:2@server     check version 2 of a definition on the server

Exit codes: 0 nothing found; 1 errors found (with --strict also for warnings); 2 wrong usage. docs/lint.md explains every rule.`;

/** The findings in one definition. */
interface Result {
  target: Target;
  findings: Finding[];
}

export default defineCommand({
  groups: ['conductor', 'server', 'content'],
  configure(command) {
    const collect = (value: string, values: string[] = []) => [...values, value];
    command
      .argument(
        '[definitions...]',
        'Files (.json, .ts), folders, NAME@server or NAME:VERSION@server. Default: every definition of the project, else every shipped one.',
      )
      .option('--strict', 'Exit with 1 on warnings too.')
      .option('--fix', 'Correct JSON files. A correction never changes what a valid definition does.')
      .option('--server', 'Also ask the server which tasks and workflows exist.')
      .option('--rule <id>', 'Check only this rule. Can be repeated.', collect)
      .option('--ignore <id>', 'Skip this rule. Can be repeated.', collect)
      .option('--list', 'List all rules and check nothing.')
      .option('--json', 'Print JSON.')
      .addHelpText('after', EXAMPLES);
  },
  async run(context) {
    const options = parseOptions(optionsSchema, context.options, 'lint');
    for (const id of [...options.rule, ...options.ignore]) checkRule(id);
    if (options.list) return list(options, context);
    const args = context.args.filter((arg) => arg !== undefined);
    const gathered = await gatherAll(args, options, context);
    if (args.length === 0) context.note(whatWasRead(context.config, gathered.content));
    const results = gathered.targets.map((target) => ({
      target,
      findings: findingsOf(target, gathered.known, options),
    }));
    const fixed = options.fix ? await fix(results, gathered.known, options) : [];
    if (options.json) printJson(results, fixed, context);
    else printAll(results, fixed, options, context);
    const all = results.flatMap(({ findings }) => findings);
    if (all.some(({ severity }) => severity === 'error' || options.strict)) context.exitWith(1);
  },
});

function checkRule(id: string): void {
  if (rules.some((rule) => rule.id === id)) return;
  throw new FleetError('input', `There is no rule "${id}".`, { remedy: 'List the rules: fleet lint --list' });
}

async function gatherAll(
  args: readonly string[],
  options: Options,
  { config, signal }: CommandContext,
): Promise<Gathered> {
  if (!options.server && !args.some(isOnServer)) return gather(args, config, undefined);
  return withConductor(config, (conductor) => gather(args, config, conductor.withSignal(signal)));
}

function findingsOf({ kind, def }: Target, known: KnownDefinitions, { rule, ignore }: Options): Finding[] {
  const found = kind === 'workflow' ? lintWorkflow(def, known) : lintTaskDef(def);
  return found.filter(({ rule: id }) => (rule.length === 0 || rule.includes(id)) && !ignore.includes(id));
}

/** A fix can uncover another finding, so fixes run in rounds. No known definition needs more rounds than this. */
const MAX_ROUNDS = 5;

/** Applies the safe fixes to JSON files and returns the fixed findings. Findings without a safe fix stay in `results`. */
async function fix(results: Result[], known: KnownDefinitions, options: Options): Promise<Result[]> {
  const done: Result[] = [];
  for (const result of results) {
    const { target } = result;
    if (target.origin !== 'json') continue;
    const findings: Finding[] = [];
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const { def, fixed } = applyFixes(target.def, result.findings);
      if (fixed.length === 0) break;
      target.def = def;
      findings.push(...fixed);
      result.findings = findingsOf(target, known, options);
    }
    if (findings.length > 0) done.push({ target, findings });
  }
  for (const source of new Set(done.map(({ target }) => target.source))) await rewrite(source, done);
  return done;
}

/** Writes the corrected definitions back to their file and keeps its indentation. */
async function rewrite(source: string, done: readonly Result[]): Promise<void> {
  const text = await readFile(source, 'utf8');
  let content: unknown = parseExactly(text);
  for (const { target } of done.filter((one) => one.target.source === source)) {
    if (target.index === undefined) content = target.def;
    else if (Array.isArray(content)) content[target.index] = target.def;
  }
  const indent = /^[[{]\s*\n([ \t]+)/.exec(text)?.[1] ?? (text.includes('\n') ? '  ' : '');
  await writeFile(source, `${JSON.stringify(content, null, indent)}${text.endsWith('\n') ? '\n' : ''}`);
}

function list({ json }: Options, { print }: CommandContext): void {
  if (json)
    print(
      JSON.stringify(
        rules.map(({ id, severity, summary, reason, repair }) => ({ id, severity, summary, reason, repair })),
      ),
    );
  else for (const { id, severity, summary } of rules) print(`${severity.padEnd(8)} ${id.padEnd(26)} ${summary}`);
}

function printJson(results: readonly Result[], fixed: readonly Result[], { print }: CommandContext): void {
  const flat = (all: readonly Result[]) =>
    all.flatMap(({ target, findings }) =>
      findings.map((finding) => ({ source: target.source, kind: target.kind, name: nameOf(target.def), ...finding })),
    );
  print(
    JSON.stringify({ definitions: results.length, ...tally(results), findings: flat(results), fixed: flat(fixed) }),
  );
}

function printAll(
  results: readonly Result[],
  fixed: readonly Result[],
  options: Options,
  { print, note }: CommandContext,
): void {
  for (const { target, findings } of fixed) {
    print(titleOf(target));
    for (const { rule, pointer, fix: made } of findings) print(`  fixed    ${rule}  ${pointer}: ${made?.summary}`);
  }
  for (const { target, findings } of results) {
    if (findings.length > 0) print(titleOf(target));
    for (const finding of findings) printFinding(finding, target, print);
  }
  const { errors, warnings } = tally(results);
  const found = errors + warnings === 0 ? 'nothing found' : `${count(errors, 'error')}, ${count(warnings, 'warning')}`;
  print(`${counted(results)}: ${found}`);
  const fixable = results.filter(
    ({ target, findings }) => target.origin === 'json' && findings.some(({ fix: can }) => can),
  );
  if (!options.fix && fixable.length > 0) note('To correct the findings marked "--fix", add --fix.');
}

/** Counts workflows and task definitions separately, because a workflow from code brings the definitions of its tasks and policies. */
function counted(results: readonly { target: Target }[]): string {
  const tasks = results.filter(({ target }) => target.kind === 'task').length;
  const workflows = results.length - tasks;
  const parts = [
    ...(workflows > 0 || tasks === 0 ? [count(workflows, 'workflow')] : []),
    ...(tasks > 0 ? [count(tasks, 'task definition')] : []),
  ];
  return parts.join(', ');
}

function printFinding(
  { rule, severity, pointer, taskReferenceName, message, reason, repair, fix: can }: Finding,
  target: Target,
  print: (line: string) => void,
): void {
  const where = `${pointer || '/'}${taskReferenceName ? ` (task ${taskReferenceName})` : ''}`;
  print(`  ${severity.padEnd(8)} ${rule}  ${where}`);
  print(`           ${message}.`);
  print(`           why: ${reason}`);
  print(`           repair: ${repair}`);
  if (can) print(`           ${target.origin === 'json' ? '--fix' : 'in the code'}: ${can.summary}`);
}

function titleOf({ source, def, kind, index }: Target): string {
  const name = nameOf(def) || '(no name)';
  const what = kind === 'workflow' ? 'workflow' : 'task definition';
  return `${shownPath(source)}${index === undefined ? '' : `#${index}`}: ${what} ${name}`;
}

function tally(results: readonly Result[]): { errors: number; warnings: number } {
  const all = results.flatMap(({ findings }) => findings);
  const errors = all.filter(({ severity }) => severity === 'error').length;
  return { errors, warnings: all.length - errors };
}
