import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll } from 'vitest';
import { kebabCase } from '../../core/content/discover.ts';
import { root } from './product.ts';

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** A folder of workflows for `--workflows-dir`, as a user may have, and an empty folder of tasks. */
export interface ContentFolder {
  readonly workflowsDir: string;
  readonly tasksDir: string;
  /** The flags of `fleet plan` and `fleet apply` for these folders and the fleet. */
  readonly flags: readonly string[];
  /** Writes a file that exports `code`. The code can use `z`, the `define…` functions, and `imports`, which maps names to folders. */
  write(kind: 'definitions' | 'schedules' | 'event-handlers', name: string, code: string, imports?: Imports): void;
  remove(kind: string, name: string): void;
}

type Imports = Record<string, string>;

export function contentFolder(fleet: string): ContentFolder {
  const folder = mkdtempSync(join(tmpdir(), 'fleet-content-'));
  folders.push(folder);
  const workflowsDir = join(folder, 'workflows');
  const tasksDir = join(folder, 'tasks');
  mkdirSync(join(workflowsDir, 'definitions'), { recursive: true });
  mkdirSync(tasksDir);
  const fileOf = (kind: string, name: string) => join(workflowsDir, kind, `${kebabCase(name)}.ts`);
  return {
    workflowsDir,
    tasksDir,
    flags: ['--workflows-dir', workflowsDir, '--tasks-dir', tasksDir, '--fleet-name', fleet],
    write(kind, name, code, imports = {}) {
      mkdirSync(join(workflowsDir, kind), { recursive: true });
      const others = Object.entries(imports).map(
        ([other, where]) => `import ${other} from '${href(fileOf(where, other))}';`,
      );
      writeFileSync(fileOf(kind, name), [PROLOGUE, ...others, `export default ${code};`, ''].join('\n'));
    },
    remove: (kind, name) => rmSync(fileOf(kind, name)),
  };
}

const href = (path: string) => pathToFileURL(path).href;

const PROLOGUE = [
  `import { z } from '${href(join(root, 'node_modules/zod/index.js'))}';`,
  `import { defineWorkflow } from '${href(join(root, 'workflows/dsl/define-workflow.ts'))}';`,
  `import { defineSchedule } from '${href(join(root, 'workflows/dsl/define-schedule.ts'))}';`,
  `import { defineEventHandler } from '${href(join(root, 'workflows/dsl/define-event-handler.ts'))}';`,
].join('\n');

/** Returns the code of a workflow that makes a text without a worker. With `hold` it first waits for a signal. */
export function greetingCode(name: string, { version = 1, text = 'hello', hold = false, input = '' } = {}): string {
  return `defineWorkflow({
  name: '${name}',
  version: ${version},
  description: 'A workflow for tests of plan and apply.',
  input: z.object({ who: z.string()${input} }),
  output: z.object({ text: z.string() }),
}).build((wf, { who }) => {
  ${hold ? "wf.wait('hold', { signal: z.object({}) });" : ''}
  const made = wf.jq('make', { inputs: { who }, output: z.string(), query: '"${text} " + .who' });
  return { text: made.output.result };
})`;
}

/** Returns the code of a workflow that runs the workflow `child` as a sub-workflow. With `hold` it first waits for a signal. */
export function parentCode(name: string, child: string, { hold = false } = {}): string {
  const wait = "{ name: 'hold', taskReferenceName: 'hold', type: 'WAIT', inputParameters: {} }";
  return `(() => {
  const own = defineWorkflow({
    name: '${name}',
    version: 1,
    description: 'A workflow for tests of plan and apply.',
    input: z.object({ who: z.string() }),
    output: z.object({}),
  }).build(() => ({}));
  const run = {
    name: ${child}.name,
    taskReferenceName: 'child',
    type: 'SUB_WORKFLOW',
    inputParameters: { who: '\${workflow.input.who}' },
    subWorkflowParam: { name: ${child}.name, version: ${child}.version },
  };
  return { ...own, def: { ...own.def, tasks: [${hold ? `${wait}, ` : ''}run] } };
})()`;
}
