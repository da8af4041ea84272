import { taskType } from '../../../core/conductor/task-types.ts';
import { isReadable } from '../expression-paths.ts';
import type { Problem, WorkflowRule } from '../rule.ts';
import { around, ofType, type Step, type Subject, type Use } from '../subject.ts';
import { sameBranch } from '../task-order.ts';

/** What the server lets an expression read of a task. */
const OF_A_TASK: ReadonlySet<string> = new Set(
  `input output taskType status referenceTaskName retryCount correlationId pollCount taskDefName scheduledTime startTime endTime
  workflowInstanceId taskId reasonForIncompletion callbackAfterSeconds workerId iteration`.split(/\s+/),
);

/** What the server lets an expression read of the workflow. */
const OF_THE_WORKFLOW: ReadonlySet<string> = new Set(
  `input output status workflowId parentWorkflowId parentWorkflowTaskId workflowType version correlationId reasonForIncompletion schemaVersion
  variables env secrets`.split(/\s+/),
);

/** Expressions that name no task and no workflow, and are right all the same. */
const SYSTEM_PARAMETERS: ReadonlySet<string> = new Set(['CPEWF_TASK_ID', 'NETFLIX_ENV', 'NETFLIX_STACK']);

/** A problem of an expression. */
export function atUse(use: Use, message: string, more: Partial<Problem> = {}): Problem {
  return { pointer: use.pointer, taskReferenceName: use.step?.ref || undefined, message, ...more };
}

/** The expressions that name a task of the definition, with that task. */
export function* usesOfTasks({ uses, byRef }: Subject): Generator<{ use: Use; target: Step }> {
  for (const use of uses) {
    const target = use.head === 'workflow' ? undefined : byRef.get(use.head);
    if (target) yield { use, target };
  }
}

const malformedExpression: WorkflowRule = {
  id: 'malformed-expression',
  severity: 'error',
  summary: 'an expression that is no path',
  reason:
    'The server refuses the definition, or resolves the expression to null where it does not look at registration.',
  repair:
    "Write ${task.output.name}; names with blanks or dots go in brackets: ${task.output['a name']}. A plain ${ is written $${.",
  *check({ uses }) {
    for (const use of uses) {
      if (isReadable(use.path)) continue;
      const repair = /[=+*/?<>;]|`|=>/.test(use.path)
        ? 'Expressions do not compute: use an INLINE or JSON_JQ_TRANSFORM task. A plain ${ is written $${.'
        : undefined;
      yield atUse(use, `\${${use.path}} cannot be read`, { repair });
    }
  },
};

const unknownReference: WorkflowRule = {
  id: 'unknown-reference',
  severity: 'error',
  summary: 'an expression that names no task of the definition',
  reason: 'The server refuses it in the input of an outer task; anywhere else it becomes null without a word.',
  repair: 'Begin with "workflow." or with the taskReferenceName of a task.',
  *check({ uses, byRef, steps }) {
    const makesTasks = steps.some(({ type }) => type === 'FORK_JOIN_DYNAMIC');
    for (const use of uses) {
      if (!isReadable(use.path) || use.head === 'workflow' || byRef.has(use.head) || SYSTEM_PARAMETERS.has(use.path))
        continue;
      const isSeen = use.step !== undefined && use.step.parent === undefined; // where the server looks, too
      if ((makesTasks && !isSeen) || roundOf(use, byRef)) continue;
      yield atUse(use, `"${use.head}" in \${${use.path}} is no task of this definition`, {
        repair: nearest(use.head, byRef),
      });
    }
  },
};

const roundReference: WorkflowRule = {
  id: 'round-reference',
  severity: 'error',
  summary: 'an expression that names one round of a loop',
  reason:
    'Rounds are called task__1, task__2 in an execution, but expressions know only the latest: the others are null, or refused.',
  repair: 'Name the task without the number for its latest round; ${loop.output} holds all rounds by number.',
  *check({ uses, byRef }) {
    for (const use of uses) {
      const task = roundOf(use, byRef);
      if (task) yield atUse(use, `\${${use.path}} names a round of "${task}"`);
    }
  },
};

function roundOf({ head }: Use, byRef: ReadonlyMap<string, Step>): string | undefined {
  const [, task = ''] = /^(.+)__\d+$/.exec(head) ?? [];
  return !byRef.has(head) && byRef.has(task) ? task : undefined;
}

const unknownTaskField: WorkflowRule = {
  id: 'unknown-task-field',
  severity: 'error',
  summary: 'an expression reads a field that tasks do not have, mostly because ".output" is missing',
  reason: 'The server registers it and resolves it to null.',
  repair: 'Put ".output" behind the reference, or read one of input, status, taskId, iteration, reasonForIncompletion.',
  *check(subject) {
    for (const { use, target } of usesOfTasks(subject)) {
      const [field] = use.below;
      if (field === undefined || field === '*' || OF_A_TASK.has(field) || !isReadable(use.path)) continue;
      yield atUse(use, `\${${use.path}} reads "${field}" of a task`, missingOutput(use, target, field));
    }
  },
};

/** Null as it stands, so that whoever relied on it can only have meant the output. */
function missingOutput(use: Use, target: Step, field: string): Partial<Problem> {
  if (!taskType(target.type)?.outputs?.includes(field)) return {};
  const right = `${use.head}.output${use.path.slice(use.head.length)}`;
  const value = use.text.replace(`\${${use.path}}`, () => `\${${right}}`);
  return { repair: `Write \${${right}}.`, fix: { summary: `\${${right}}`, edits: [{ pointer: use.pointer, value }] } };
}

const unknownOutput: WorkflowRule = {
  id: 'unknown-output',
  severity: 'error',
  summary: 'an expression reads an output that a task of this type never has',
  reason: 'It is null in every execution.',
  repair: 'Read what the type puts out.',
  *check(subject) {
    for (const { use, target } of usesOfTasks(subject)) {
      const [field, name] = use.below;
      const names = taskType(target.type)?.outputs;
      if (
        field !== 'output' ||
        name === undefined ||
        !names ||
        names.includes(name) ||
        target.task.asyncComplete === true
      )
        continue;
      if (!/^[\w-]+$/.test(name) || name === 'length()') continue;
      const puts = names.length === 0 ? 'nothing' : names.join(', ');
      yield atUse(use, `\${${use.path}} reads "${name}", but ${target.type} puts out ${puts}`);
    }
  },
};

const unknownWorkflowField: WorkflowRule = {
  id: 'unknown-workflow-field',
  severity: 'error',
  summary: 'an expression reads a field that workflows do not have',
  reason: 'The server registers it and resolves it to null.',
  repair: 'Read input, variables, workflowId, correlationId, env or secrets of the workflow.',
  *check({ uses }) {
    for (const use of uses) {
      const [field] = use.below;
      if (use.head !== 'workflow' || field === undefined || field === '*' || OF_THE_WORKFLOW.has(field)) continue;
      if (isReadable(use.path)) yield atUse(use, `\${${use.path}} reads "${field}" of the workflow`);
    }
  },
};

const referenceBeforeRun: WorkflowRule = {
  id: 'reference-before-run',
  severity: 'error',
  summary: 'an expression reads a task that cannot have ended by then',
  reason:
    'It is null: the task comes later, runs at the same time in another branch, or belongs to a case that was not taken.',
  repair: 'Read it behind that task; behind the JOIN if it runs in another branch of a fork.',
  *check(subject) {
    for (const { use, target } of usesOfTasks(subject)) {
      const { step } = use;
      if (!step || subject.order.before(step).has(target) || sharesLoop(step, target)) continue;
      yield atUse(use, `\${${use.path}} reads "${target.ref}", ${when(step, target)}`);
    }
  },
};

/** In a loop the round before may have set it; the inputs of the loop itself are read anew after each round. */
function sharesLoop(step: Step, target: Step): boolean {
  const loops = new Set([step, ...around(step)].filter(({ type }) => type === 'DO_WHILE'));
  return [target, ...around(target)].some((outer) => loops.has(outer));
}

function when(step: Step, target: Step): string {
  if (step === target) return 'which is this task itself';
  const chain = [target, ...around(target)];
  const meet = chain.find(
    (outer) => [...around(step)].some((other) => other === outer.parent) && !sameBranch(outer, step),
  );
  if (meet?.kind === 'branch') return 'which runs at the same time in another branch';
  if (meet?.kind === 'case' || meet?.kind === 'default') return 'which belongs to another case of the same SWITCH';
  if (chain.some(({ kind, parent }) => kind === 'branch' && parent?.pointer !== step.parent?.pointer)) {
    return 'which is in a branch that no JOIN has waited for yet';
  }
  return 'which runs later';
}

const unsetVariable: WorkflowRule = {
  id: 'unset-variable',
  severity: 'warning',
  summary: 'an expression reads a variable that nothing sets',
  reason: 'It is null in every execution.',
  repair: 'Set it with a SET_VARIABLE task or in "variables" of the definition, or correct its name.',
  *check(subject) {
    const { uses, def } = subject;
    const set = new Set(ofType(subject, 'SET_VARIABLE').flatMap(({ input }) => Object.keys(input)));
    for (const name of Object.keys((def.variables as object | undefined) ?? {})) set.add(name);
    for (const use of uses) {
      const [field, name] = use.below;
      if (use.head !== 'workflow' || field !== 'variables' || name === undefined || !/^[\w-]+$/.test(name)) continue;
      if (!set.has(name)) yield atUse(use, `Nothing sets the variable "${name}"`);
    }
  },
};

const optionalHttpResponse: WorkflowRule = {
  id: 'optional-http-response',
  severity: 'warning',
  summary: 'the response of an HTTP task is read that may have failed',
  reason: 'An optional HTTP task that fails has a text in place of its response: statusCode and body are null.',
  repair: 'Branch on ${task.status} first (SWITCH), and read the response where it is COMPLETED.',
  *check(subject) {
    for (const { use, target } of usesOfTasks(subject)) {
      if (target.type !== 'HTTP' || target.task.optional !== true) continue;
      if (use.below[1] !== 'response' || use.below.length < 3 || (use.step && branchesOnStatus(use.step, target)))
        continue;
      yield atUse(use, `\${${use.path}} is null when "${target.ref}" has failed`);
    }
  },
};

function branchesOnStatus(step: Step, target: Step): boolean {
  return [...around(step)].some((outer) => JSON.stringify(outer.input).includes(`\${${target.ref}.status}`));
}

/** The reference that was probably meant. */
function nearest(name: string, byRef: ReadonlyMap<string, Step>): string | undefined {
  const plain = (text: string) => text.toLowerCase().replace(/[^a-z0-9]/g, '');
  const meant = [...byRef.keys()].find((ref) => plain(ref) === plain(name));
  return meant && `Write "${meant}".`;
}

/** Rules about what `${…}` names. */
export const referenceRules: readonly WorkflowRule[] = [
  malformedExpression,
  unknownReference,
  roundReference,
  unknownTaskField,
  unknownOutput,
  unknownWorkflowField,
  referenceBeforeRun,
  unsetVariable,
  optionalHttpResponse,
];
