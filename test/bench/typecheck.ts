/**
 * Measures how long the compiler takes for a project of typed definitions, and for a project that only imports the builders.
 * `node test/bench/typecheck.ts [--tasks 200] [--workflows 50] [--steps 20] [--runs 3]`. It prints one JSON line per project.
 *
 * It measures neither the response of an editor while a person types nor an incremental compilation.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const root = join(import.meta.dirname, '../..');
const { values } = parseArgs({
  options: {
    tasks: { type: 'string', default: '200' },
    workflows: { type: 'string', default: '50' },
    steps: { type: 'string', default: '20' },
    runs: { type: 'string', default: '3' },
  },
});
const size = { tasks: Number(values.tasks), workflows: Number(values.workflows), steps: Number(values.steps) };

const PRELUDE = `import { z } from 'zod';
import { defineTask } from '../../../../core/contract.ts';
`;
const BUILDERS = `import { defineWorkflow } from '../../../../workflows/dsl/define-workflow.ts';
import { externalApi, modelCall } from '../../../../workflows/dsl/policies.ts';
`;

function taskFile(number: number): string {
  return `${PRELUDE}
export default defineTask({
  name: 'task_${number}',
  description: 'Task ${number}.',
  input: z.object({ id: z.string(), amount: z.number(), tags: z.array(z.string()), note: z.string().optional() }),
  output: z.object({
    id: z.string(),
    amount: z.number(),
    kind: z.enum(['small', 'large${number}']),
    items: z.array(z.object({ sku: z.string(), count: z.number(), place: z.object({ city: z.string() }) })),
  }),
});
`;
}

/** Writes the lines of one step. Successive steps use every kind of builder in turn. Each step reads the output of the step before. */
function stepLines(step: number, task: string, before: string): string {
  const input = `{ id: ${before}.output.id, amount: ${before}.output.amount, tags: input.tags }`;
  const name = `s${step}`;
  switch (step % 7) {
    case 1:
      return `  wf.switch('w${step}', ${before}.output.kind, { small: (b) => b.task('a${step}', ${task}, ${input}) }, (b) => b.task('b${step}', ${task}, ${input}));
  const ${name} = wf.task('${name}', ${task}, ${input});`;
    case 2:
      return `  const { left: ${name} } = wf.fork('w${step}', { left: (b) => b.task('${name}', ${task}, ${input}), right: (b) => b.http('h${step}', externalApi, { method: 'POST', uri: \`http://h/\${${before}.output.id}\`, body: ${before}.output, response: ${task}.output }) });`;
    case 3:
      return `  const e${step} = wf.forkEach('e${step}', ${before}.output.items, ${task}, (item, index) => ({ id: \`\${item.sku} \${item.place.city}\`, amount: index, tags: input.tags }));
  const ${name} = wf.jq('${name}', { inputs: { all: e${step}.output.results }, query: '.all[0]', output: ${task}.output });
  const t${step} = wf.task('t${step}', ${task}, { ...${input}, id: ${name}.output.result.id });`;
    case 4:
      return `  const { last: ${name} } = wf.repeat('w${step}', { rounds: 3, until: 'false', inputs: {} }, (b) => b.task('${name}', ${task}, ${input}));`;
    case 5:
      return `  wf.llmChat('c${step}', modelCall, { provider: 'p', model: 'm', messages: [{ role: 'user', message: ${before}.output.id }], tools: [${task}] });
  const ${name} = wf.task('${name}', ${task}, ${input}, { retryCount: 1 });`;
    default:
      return `  const ${name} = wf.task('${name}', ${task}, ${input});`;
  }
}

function workflowFile(number: number): string {
  const used = Array.from({ length: size.steps }, (_, step) => (number * size.steps + step) % size.tasks);
  const imports = [...new Set(used)].map((task) => `import task${task} from './task-${task}.ts';`);
  let before = 'first';
  const steps = used.map((task, step) => {
    const lines = stepLines(step, `task${task}`, before);
    before = step % 7 === 3 ? `t${step}` : `s${step}`;
    return lines;
  });
  return `import { z } from 'zod';
${BUILDERS}${imports.join('\n')}

export default defineWorkflow({
  name: 'Workflow${number}',
  version: 1,
  description: 'Workflow ${number}.',
  input: z.object({ id: z.string(), amount: z.number(), tags: z.array(z.string()) }),
  output: z.object({ id: z.string(), amount: z.number() }),
}).build((wf, input) => {
  const first = wf.task('first', task${used[0]}, input);
${steps.join('\n')}
  return { id: ${before}.output.id, amount: ${before}.output.amount };
});
`;
}

function measure(project: string, files: Record<string, string>): void {
  const folder = mkdtempSync(join(import.meta.dirname, '.scratch-'));
  try {
    // The sources are one folder deeper, so that the relative imports of the generated files work from every working directory.
    const source = join(folder, 'src');
    mkdirSync(source);
    for (const [name, text] of Object.entries(files)) writeFileSync(join(source, name), text);
    const config = { extends: '../../../tsconfig.json', include: ['./src/*.ts'], compilerOptions: { noEmit: true } };
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config));
    const seconds = Array.from({ length: Number(values.runs) }, () => compile(folder));
    const line = {
      bench: 'typecheck',
      project,
      ...(project === 'definitions' && size),
      files: Object.keys(files).length,
    };
    process.stdout.write(`${JSON.stringify({ ...line, seconds, best: Math.min(...seconds) })}\n`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function compile(folder: string): number {
  const started = performance.now();
  const compiler = join(root, 'node_modules/typescript/bin/tsc');
  const { status, stdout } = spawnSync(process.execPath, [compiler, '-p', folder, '--pretty', 'false'], {
    encoding: 'utf8',
  });
  const seconds = Math.round(performance.now() - started) / 1_000;
  if (status !== 0) throw new Error(`The generated project does not compile:\n${stdout.slice(0, 2_000)}`);
  return seconds;
}

const tasks = Array.from({ length: size.tasks }, (_, number) => [`task-${number}.ts`, taskFile(number)]);
const workflows = Array.from({ length: size.workflows }, (_, number) => [
  `workflow-${number}.ts`,
  workflowFile(number),
]);
measure('empty', { 'empty.ts': `${BUILDERS}export default [defineWorkflow, externalApi, modelCall];\n` });
measure('definitions', Object.fromEntries([...tasks, ...workflows]));
