import { NESTED_LOOP } from '../../core/conductor/task-types.ts';
import type { Workflow } from '../../core/contract.ts';
import { isObject, jsonCopy } from '../../core/json.ts';
import { nearest } from '../../core/nearest.ts';
import { zodPath, zodSentences } from '../../core/schema/zod-sentences.ts';
import type { Expectation, Mocked, Scenario, Unchecked } from './define-scenarios.ts';
import { differences } from './expected.ts';
import { canBeMocked } from './mockable-types.ts';
import { allOf, isEach, isRounds, type Mock, type Mocks } from './mocks.ts';
import { type KnownWorkflows, type ScenarioTask, stepsOf } from './workflow-steps.ts';

/** Finds the mistakes in a scenario that show without a server, as sentences. */
export function mistakesIn(workflow: Workflow, scenario: Scenario, known: KnownWorkflows): string[] {
  return [
    ...inputMistakes(workflow, scenario.input),
    ...loopMistakes(workflow, known),
    ...mockMistakes(workflow, scenario, known),
    ...expectationMistakes(workflow, scenario.expect, known),
  ];
}

/** True if some task references of the workflow are known only at run time. */
export function makesTasks(steps: ReadonlyMap<string, ScenarioTask>): boolean {
  return [...steps.values()].some(({ type }) => type === 'FORK_JOIN_DYNAMIC');
}

/** The message about a task reference that does not exist. */
export function unknownReference(ref: string, where: string, refs: Iterable<string>): string {
  const names = [...refs];
  const near = nearest(ref, names);
  return `${where}: there is no task "${ref}".${near ? ` Did you mean "${near}"?` : ` The tasks are ${names.join(', ')}.`}`;
}

/** The input with the defaults of the workflow, because the server does not add them to an empty input. */
export function plainInput({ def }: Workflow, input: unknown): Record<string, unknown> {
  if (isUnchecked(input)) return { ...input.input };
  return { ...def.inputTemplate, ...(isObject(input) ? input : {}) };
}

function isUnchecked(input: unknown): input is Unchecked {
  return isObject(input) && input.kind === 'unchecked' && isObject(input.input);
}

function inputMistakes(workflow: Workflow, input: unknown): string[] {
  if (isUnchecked(input)) return [];
  const parsed = workflow.input.safeParse(input);
  if (parsed.success) return [];
  return zodSentences(parsed.error, input, { nameOf: (path) => zodPath(path, 'input') }).map(
    (sentence) => `${sentence} To start the workflow with this input anyway, write unchecked({ … }).`,
  );
}

function loopMistakes(workflow: Workflow, known: KnownWorkflows): string[] {
  return [...stepsOf(workflow, known).values()]
    .filter(({ type, loop }) => type === 'DO_WHILE' && loop)
    .map(
      ({ ref, loop }) =>
        `${ref} is a loop inside the loop ${loop?.taskReferenceName}: ${NESTED_LOOP}. Move ${ref} into a sub-workflow.`,
    );
}

function mockMistakes(workflow: Workflow, mocked: Mocked, known: KnownWorkflows, at = ''): string[] {
  const steps = stepsOf(workflow, known);
  const open = makesTasks(steps);
  const ofTasks = Object.entries(mocked.tasks ?? {}).flatMap(([ref, mocks]) => {
    const step = steps.get(ref);
    if (step) return ofMocks(step, mocks, `${at}tasks.${ref}`);
    return open ? [] : [unknownReference(ref, `${at}tasks`, steps.keys())];
  });
  const ofSubWorkflows = Object.entries(mocked.subWorkflows ?? {}).flatMap(([ref, inner]) => {
    const where = `${at}subWorkflows`;
    const step = steps.get(ref);
    if (!step) return [unknownReference(ref, where, steps.keys())];
    if (step.type !== 'SUB_WORKFLOW') return [`${where}.${ref}: it is a ${step.type}, which starts no sub-workflow.`];
    if (mocked.tasks?.[ref])
      return [
        `${where}.${ref}: this sub-workflow does not run, because \`tasks\` has an answer for the whole sub-workflow. Remove one of the two.`,
      ];
    if (step.child) return mockMistakes(step.child, inner, known, `${where}.${ref}.`);
    return [
      `${where}.${ref}: its definition is not known here. Write an answer for the whole sub-workflow in \`tasks\`.`,
    ];
  });
  return [...ofTasks, ...ofSubWorkflows];
}

function ofMocks(step: ScenarioTask, mocks: Mocks, where: string): string[] {
  const { type, loop } = step;
  if (isEach(mocks) && type !== 'FORK_JOIN_DYNAMIC') {
    return [`${where}: each(…) works only for a FORK_JOIN_DYNAMIC, but this is a ${type}.`];
  }
  if (isRounds(mocks) && !loop)
    return [
      `${where}: rounds(…) works only for tasks in a loop. For a task outside, write a list with one entry for each attempt.`,
    ];
  if (type !== 'FORK_JOIN_DYNAMIC' && !canBeMocked(type)) {
    return [`${where}: it is a ${type}, which the server executes in a dry run too. Remove its answer.`];
  }
  return allOf(mocks).flatMap((mock) => (mock.ends === 'COMPLETED' ? ofOutput(step, mock, where) : []));
}

function ofOutput({ type, contract, child }: ScenarioTask, { output }: Mock, where: string): string[] {
  if (type === 'HTTP') return ofHttp(output, where);
  const [who, schema] =
    contract?.kind === 'task'
      ? [`the worker of ${contract.name}`, contract.output]
      : [child?.name ?? '', child?.output];
  if (!schema) return [];
  const parsed = schema.safeParse(output);
  if (!parsed.success) {
    return zodSentences(parsed.error, output, { nameOf: (path) => zodPath(path, where) }).map(
      (sentence) => `${sentence} So ${who} can never answer that.`,
    );
  }
  const extra = differences({ kind: 'exactly', value: json(parsed.data) }, json(output), where).filter(
    ({ expected, actual }) => expected === undefined && actual !== undefined,
  );
  return extra.map(({ path }) => `${path}: the answer of ${who} never has this field. Remove it.`);
}

function ofHttp({ response }: Mock['output'], where: string): string[] {
  if (!isObject(response) || typeof response.statusCode !== 'number') {
    return [`${where}: an HTTP task answers { response: { statusCode, headers, body } }. Write answers(200, body).`];
  }
  if (response.statusCode >= 200 && response.statusCode < 300) return [];
  return [
    `${where}: an HTTP task fails on the status ${response.statusCode}. Write fails('${response.statusCode} …').`,
  ];
}

function expectationMistakes(workflow: Workflow, expect: Expectation, known: KnownWorkflows): string[] {
  const steps = stepsOf(workflow, known);
  if (makesTasks(steps)) return [];
  const lists = { ran: expect.ran ?? [], notRan: expect.notRan ?? [] };
  const records = { attempts: expect.attempts ?? {}, inputs: expect.inputs ?? {}, rounds: expect.rounds ?? {} };
  const named = [
    ...Object.entries(lists),
    ...Object.entries(records).map(([key, record]) => [key, Object.keys(record)] as const),
  ];
  return named.flatMap(([key, refs]) =>
    refs.filter((ref) => !steps.has(ref)).map((ref) => unknownReference(ref, `expect.${key}`, steps.keys())),
  );
}

function json(value: unknown): unknown {
  return value === undefined ? undefined : jsonCopy(value);
}
