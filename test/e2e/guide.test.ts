import { globSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { z } from 'zod';
import { type InstalledProject, initProject } from '../support/installed-project.ts';
import { connect } from '../support/mcp-clients.ts';
import { edit, printedSections, type Step } from '../support/printed-steps.ts';
import { type Ran, type Running, realConductor } from '../support/product.ts';

/*
 * A reader of docs/guide.md, who types each file and each command in the order in which they are printed. The server and the shop of this
 * run replace those that the reader starts.
 */

/** Commands that this test does in another way: each starts something that this run has already, or does not end. */
const DONE_ELSEWHERE = ['npx conductor-fleet init my-fleet', 'cd my-fleet', 'npm start', 'npx fleet demo'];
/** Without a terminal, nobody can answer `apply`. */
const TYPED_AS: Readonly<Record<string, string>> = {
  'npx fleet apply': 'npx fleet apply --yes --wait 60',
};
/** Runs until the end of the test. It must not take tasks that belong to other tests, so it serves one type. */
const WORK = 'npx fleet work --watch';
/** What the output of a command has to contain, by section. */
const SAYS: readonly (readonly [section: string, command: string, output: RegExp])[] = [
  ['0', 'npm test', /pass 3/],
  ['1', 'npm test', /pass 4/],
  ['2', 'npx fleet lint', /nothing found/],
  ['2', 'npx fleet diagram PurchaseRequest', /ask_or_not/],
  [
    '3',
    'npx fleet test PurchaseRequest',
    /shipping +is retried[\s\S]*approved_or_not +default[\s\S]*3 scenarios passed, 0 failed/,
  ],
  ['3', 'npx fleet test PurchaseRequest --coverage 100', /5 scenarios passed, 0 failed; coverage 100 %/],
  ['4', 'npx fleet plan', /PurchaseRequest v1: create|Nothing to do/],
  [
    '5',
    `npx fleet run PurchaseRequest --input '{"symbol":"LAMP","pieces":2}' --wait`,
    /"total":40\.22,"outcome":"approved"/,
  ],
  ['5', 'npx fleet diagram ID', /approve +HUMAN/],
  ['7', 'npx fleet plan', /limit\.default: 100 → 200/],
  [
    '7',
    `npx fleet run PurchaseRequest --input '{"symbol":"LAMP","pieces":2}' --wait`,
    /"total":42\.22,"outcome":"approved"/,
  ],
  ['7', 'npx fleet pull PurchaseRequest --stdout', /from 'conductor-fleet'/],
  ['8', 'npx fleet test LeaveRequest', /0 failed; coverage 100 %/],
];

const conductor = realConductor();
const sections = printedSections('docs/guide.md');
let project: InstalledProject;
let env: Record<string, string>;
let worker: Running | undefined;
/** The execution that the guide calls ID. */
let id = '';

beforeAll(async () => {
  project = await initProject('my-fleet');
  env = { CONDUCTOR_SERVER_URL: inject('conductorServerUrl') };
  renameSample();
}, 120_000);
afterAll(async () => {
  worker?.child.kill('SIGTERM');
  await worker?.ended;
  project?.remove();
  conductor.close();
});

/** Another test file registers the sample under its own names on the same server, so the names of this project differ. */
function renameSample(): void {
  const renamed = (text: string) =>
    text
      .replaceAll('HelloWorld', 'HelloReader')
      .replaceAll('hello-world', 'hello-reader')
      .replaceAll("name: 'greet'", "name: 'greet_reader'")
      .replaceAll('tasks/greet.ts', 'tasks/greet-reader.ts');
  for (const path of globSync('{workers,workflows,mcp,test}/**/*.ts', { cwd: project.folder })) {
    const text = readFileSync(join(project.folder, path), 'utf8');
    rmSync(join(project.folder, path));
    writeFileSync(join(project.folder, renamed(path)), renamed(text));
  }
}

test.each(sections)(
  'N2: section "$title" works as it is printed, and after each file the types fit',
  async ({ title, steps }) => {
    const [number = ''] = title.split('.');
    for (const step of steps) {
      if (step.does === 'run') await runCommands(number, step.commands);
      else await writeFile(step);
    }
    const unseen = SAYS.filter(([section, command]) => section === number && !typed.has(`${number} ${command}`));
    expect(unseen, 'commands that the guide no longer has').toEqual([]);
  },
);

/** Sections and commands that this test has typed. */
const typed = new Set<string>();

async function writeFile(step: Exclude<Step, { does: 'run' }>): Promise<void> {
  const changed =
    step.does === 'replace' && worker ? worker.says(/Changed: workers[\s\S]*serves 1 task type/) : undefined;
  edit(project.folder, { ...step, text: step.text.replaceAll('http://127.0.0.1:8090', inject('shopUrl')) });
  await succeed('npx tsc --noEmit');
  if (step.path.startsWith('workers/')) await changed;
}

async function runCommands(section: string, commands: readonly string[]): Promise<void> {
  for (const command of commands) {
    if (DONE_ELSEWHERE.includes(command)) continue;
    if (command === WORK) {
      worker = project.start(['work', '--watch', '--only', 'quote_shipping'], env);
      await worker.says(/serves 1 task type/);
      continue;
    }
    if (command === 'npx fleet complete') await untilAsked();
    const { stdout } = await succeed((TYPED_AS[command] ?? command).replaceAll(/\bID\b/g, id));
    typed.add(`${section} ${command}`);
    const [, , says = /^/] = SAYS.find((one) => one[0] === section && one[1] === command) ?? [];
    expect(stdout, command).toMatch(says);
    if (/ run .*"pieces":20\}'$/.test(command)) id = stdout.trim();
  }
}

/** Runs a command in the shell of the reader. */
async function succeed(command: string): Promise<Ran> {
  const ran = await project.run('bash', ['-c', command], env);
  expect(ran, `${command}: ${ran.stderr}${ran.stdout}`).toMatchObject({ code: 0 });
  return ran;
}

/** A reader sees that nothing waits yet, and asks again. */
const untilAsked = () =>
  expect.poll(async () => (await succeed('npx fleet complete')).stdout, { timeout: 60_000 }).toContain(id);

test('the execution that the reader approved has its output', async () => {
  expect(await conductor.getExecution(id)).toMatchObject({ status: 'COMPLETED', output: { outcome: 'approved' } });
});

test('the client that `.mcp.json` configures buys, and its person confirms the approval, as section 6 says', async () => {
  const { mcpServers } = z
    .object({ mcpServers: z.object({ 'my-fleet': z.object({ command: z.string(), args: z.array(z.string()) }) }) })
    .parse(JSON.parse(readFileSync(join(project.folder, '.mcp.json'), 'utf8')));
  const { command, args } = mcpServers['my-fleet'];
  const shell = ['-c', `cd '${project.folder}' && exec ${[command, ...args].join(' ')}`];
  const client = await connect('2025-11-25', { command: 'bash', args: shell, env }, (question) => {
    expect(question).toContain('You started this execution yourself.');
    return { action: 'accept', content: { confirm: true } };
  });
  expect(await client.toolNames()).toEqual(
    expect.arrayContaining([
      'purchase_request',
      'execute_workflow',
      'list_pending_approvals',
      'decide_approval',
      'diagnose_execution',
      'analyze_workflow_performance',
      'get_queue_status',
      'say_hello',
    ]),
  );
  const bought = await client.call('purchase_request', { symbol: 'LAMP', pieces: 20 });
  const { executionId } = z.object({ executionId: z.string() }).parse(bought.structured);
  const pending = () => client.call('list_pending_approvals', { executionId });
  await expect.poll(async () => (await pending()).text, { timeout: 60_000 }).toContain('approve');
  const decided = await client.call('decide_approval', {
    executionId,
    taskRef: 'approve',
    decision: 'approve',
    reason: 'We need light.',
  });
  expect(decided, decided.text).toMatchObject({ structured: { confirmedByPerson: true } });
  expect(await conductor.waitForEnd(executionId)).toMatchObject({
    status: 'COMPLETED',
    output: { outcome: 'approved' },
  });
  await client.close();
});
