import fc from 'fast-check';
import { type Json, task } from './lint-traps/trap.ts';

/** A typical mistake. `where` chooses the task, and `what` chooses the field and value. */
export interface Mutation {
  kind: number;
  where: number;
  what: number;
}

export const mutations = fc.array(fc.record({ kind: fc.nat(16), where: fc.nat(), what: fc.nat() }), {
  minLength: 1,
  maxLength: 3,
});

type Change = (place: Json, what: number, tasks: Json[]) => void;

/** Values that are wrong in most fields. */
const JUNK = [
  null,
  '',
  ' ',
  'x',
  0,
  -1,
  1.5,
  3e9,
  true,
  'true',
  '7',
  [],
  {},
  [1],
  ['a'],
  [null],
  { a: 1 },
  '${',
  '${}',
  '${x}',
  '${a b}',
  '${workflow.input.x}',
];

const TASK_FIELDS = [
  'name taskReferenceName type inputParameters decisionCases defaultCase forkTasks joinOn loopOver loopCondition evaluatorType expression sink items',
  'optional asyncComplete startDelay retryCount subWorkflowParam dynamicTaskNameParam dynamicForkTasksParam dynamicForkTasksInputParamName',
  'description joinMode onStateChange taskDefinition metadata permissive rateLimited cacheConfig',
].flatMap((line) => line.split(' '));

const INPUTS =
  'http_request uri method duration until terminationStatus queryExpression expression evaluatorType kafka_request v startWorkflow forkTaskInputs'.split(
    ' ',
  );

const PATHS = [
  'nope.output.x',
  'workflow.input.a b',
  "workflow.input['a b']",
  'workflow.input[',
  'workflow.input[0]',
  'workflow.input[*].x',
  'workflow.input[?(@.x > 1)]',
  'workflow.input.length()',
  'workflow.input.f(',
  'workflow.input.',
  'workflow..x',
  ' workflow.input',
  't1.output ',
  't1',
  "t1['output']",
  't1.output[1:2]',
  't1.output[x]',
  't1__1.output',
  'workflow.variables.x)',
  't2.output.$x',
  'CPEWF_TASK_ID',
  '1 + 1',
  'workflow.input.{x',
];

const TYPES = [
  'SIMPLE',
  'SWITCH',
  'DECISION',
  'FORK_JOIN',
  'FORK_JOIN_DYNAMIC',
  'JOIN',
  'DO_WHILE',
  'HTTP',
  'WAIT',
  'TERMINATE',
  'EVENT',
  'DYNAMIC',
];
const MORE_TYPES = ['SUB_WORKFLOW', 'KAFKA_PUBLISH', 'JSON_JQ_TRANSFORM', 'INLINE', 'PARALLEL', 'http', ''];
const TIMES = [
  '5',
  '5 s',
  '2h1d',
  '1d2h',
  '1 week',
  '99999999999s',
  '2026-11-21',
  '2026-11-21 09:30',
  '2026-11-21T09:30:00Z',
  '2026-11-21 09:30 Europe/Paris',
  '26-1-1',
];
const SCRIPTS = [
  '$.v',
  'return 1',
  'if (',
  '`a`',
  "'${workflow.input.x}'",
  '(() => { while (true) {} })()',
  '({})',
  'a b',
  '1;2',
];

/** Sets a field of a task, or an input under `inputParameters`. */
const put = (place: Json, field: string, value: unknown) => Object.assign(place, { [field]: value });

const changes: readonly Change[] = [
  (place, what) => put(place, pick(TASK_FIELDS, what), pick(JUNK, what >> 5)),
  (place, what) => Reflect.deleteProperty(place, pick(TASK_FIELDS, what)),
  (place, what) => put(inputsOf(place), pick(INPUTS, what), pick(JUNK, what >> 5)),
  (place, what) => Reflect.deleteProperty(inputsOf(place), pick(INPUTS, what)),
  (place, what) => put(inputsOf(place), 'extra', `a \${${pick(PATHS, what)}} b`),
  (place, what) => put(inputsOf(place), 'extra', [{ deep: `\${${pick(PATHS, what)}}` }]),
  (place, what) => put(place, 'type', pick([...TYPES, ...MORE_TYPES], what)),
  (place, what, tasks) => put(place, 'taskReferenceName', pick(tasks, what).taskReferenceName),
  (place, what) => put(inputsOf(place), what % 2 ? 'duration' : 'until', pick(TIMES, what >> 1)),
  (place, what) => put(place, 'expression', pick(SCRIPTS, what)),
  (place, what) => put(place, 'evaluatorType', pick(['javascript', 'graaljs', 'value-param', 'python', ''], what)),
  (place, what) => put(place, 'joinOn', [pick(['t1', 't2', 'nope', 't1__1'], what)]),
  (place, what) => put(place, 'loopOver', what % 2 ? [task('HTTP', `m${what}`)] : []),
];

const WORKFLOW_FIELDS = [
  'name',
  'version',
  'schemaVersion',
  'timeoutPolicy',
  'inputParameters',
  'outputParameters',
  'tasks',
];

/** Returns a copy of a definition with these mistakes. */
export function mutated(def: Json, made: readonly Mutation[]): Json {
  const copy = structuredClone(def);
  for (const { kind, where, what } of made) {
    const sequences = sequencesIn(copy);
    const tasks = sequences.flat();
    const place = tasks[where % Math.max(1, tasks.length)];
    const change = changes[kind];
    if (change && place) change(place, what, tasks);
    else if (kind === changes.length) put(copy, pick(WORKFLOW_FIELDS, what), pick(JUNK, what >> 3));
    else if (sequences.length > 0) reorder(pick(sequences, where), what);
  }
  return copy;
}

/** Returns a copy with moved tasks and changed JOINs. Its executions must not hang if lint accepts the copy. */
export function misplaced(def: Json, made: readonly Mutation[]): Json {
  const copy = structuredClone(def);
  for (const { kind, where, what } of made) {
    const sequences = sequencesIn(copy);
    const tasks = sequences.flat();
    const joins = tasks.filter(({ type }) => type === 'JOIN');
    if (kind % 2 === 0 && joins.length > 0) put(pick(joins, where), 'joinOn', [pick(tasks, what).taskReferenceName]);
    else if (sequences.length > 0) reorder(pick(sequences, where), what);
  }
  return copy;
}

/** Moves, duplicates or removes a task. */
function reorder(sequence: Json[], what: number): void {
  const [moved] = sequence.splice(what % sequence.length, 1);
  if (!moved || what % 3 === 0) return;
  sequence.splice(what % (sequence.length + 1), 0, moved, ...(what % 3 === 1 ? [structuredClone(moved)] : []));
}

/** Finds every well-formed list of tasks, including lists inside tasks. */
function sequencesIn(value: unknown): Json[][] {
  if (Array.isArray(value)) {
    const own = value.filter(
      (item): item is Json => typeof item === 'object' && item !== null && 'taskReferenceName' in item,
    );
    return [...(own.length > 0 && own.length === value.length ? [value as Json[]] : []), ...value.flatMap(sequencesIn)];
  }
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(sequencesIn) : [];
}

function inputsOf(place: Json): Json {
  if (typeof place.inputParameters !== 'object' || place.inputParameters === null) place.inputParameters = {};
  return place.inputParameters as Json;
}

function pick<T>(from: readonly T[], number: number): T {
  return from[Math.abs(number) % from.length] as T;
}
