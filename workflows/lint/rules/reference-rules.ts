import { roleOf, taskType } from '../../../core/conductor/task-types.ts';
import { isReadable } from '../expression-paths.ts';
import type { Problem, WorkflowRule } from '../rule.ts';
import { around, type ExpressionUse, isOverItems, type LintedTask, ofType, type Subject } from '../subject.ts';
import { sameBranch } from '../task-order.ts';

/** The fields of a task that an expression can read. */
const OF_A_TASK: ReadonlySet<string> = new Set(
  `input output taskType status referenceTaskName retryCount correlationId pollCount taskDefName scheduledTime startTime endTime
  workflowInstanceId taskId reasonForIncompletion callbackAfterSeconds workerId iteration`.split(/\s+/),
);

/** The fields of the workflow that an expression can read. */
const OF_THE_WORKFLOW: ReadonlySet<string> = new Set(
  `input output status workflowId parentWorkflowId parentWorkflowTaskId workflowType version correlationId reasonForIncompletion schemaVersion
  variables env secrets`.split(/\s+/),
);

/** Expressions that are valid although they name neither a task nor the workflow. */
const SYSTEM_PARAMETERS: ReadonlySet<string> = new Set(['CPEWF_TASK_ID', 'NETFLIX_ENV', 'NETFLIX_STACK']);

/** Reports a problem of an expression. */
export function atUse(use: ExpressionUse, message: string, more: Partial<Problem> = {}): Problem {
  return { pointer: use.pointer, taskReferenceName: use.step?.ref || undefined, message, ...more };
}

/** The expressions that name a task of the definition, with that task. */
export function* usesOfTasks({ uses, byRef }: Subject): Generator<{ use: ExpressionUse; target: LintedTask }> {
  for (const use of uses) {
    const target = use.head === 'workflow' ? undefined : byRef.get(use.head);
    if (target) yield { use, target };
  }
}

const malformedExpression: WorkflowRule = {
  id: 'malformed-expression',
  severity: 'error',
  summary: 'an expression is not a valid path',
  reason:
    'The server rejects the definition. If a place is not checked at registration, the expression resolves to null.',
  repair:
    "Write ${task.output.name}. Put names with spaces or dots into brackets: ${task.output['a name']}. For a literal ${ write $${.",
  *check({ uses }) {
    for (const use of uses) {
      if (isReadable(use.path)) continue;
      const repair = /[=+*/?<>;]|`|=>/.test(use.path)
        ? 'An expression cannot compute: use an INLINE or JSON_JQ_TRANSFORM task. For a literal ${ write $${.'
        : undefined;
      yield atUse(use, `The server cannot read \${${use.path}}`, { repair });
    }
  },
};

const unknownReference: WorkflowRule = {
  id: 'unknown-reference',
  severity: 'error',
  summary: 'an expression names a task that is not in the definition',
  reason:
    'If the expression is in the input of a top-level task, the server rejects the definition. Anywhere else, the expression is silently null.',
  repair: 'Begin the expression with "workflow." or with the taskReferenceName of a task.',
  *check({ uses, byRef, steps }) {
    const makesTasks = steps.some(({ type }) => type === 'FORK_JOIN_DYNAMIC');
    for (const use of uses) {
      if (!isReadable(use.path) || SYSTEM_PARAMETERS.has(use.path)) continue;
      const isSeen = use.step !== undefined && use.step.parent === undefined; // in a top-level task, the server rejects an unknown name
      if (use.head === 'workflow' || byRef.has(use.head)) {
        if (isSeen) yield* bracketAfterName(use);
        continue;
      }
      if ((makesTasks && !isSeen) || roundOf(use, byRef)) continue;
      yield atUse(use, `\${${use.path}} names "${use.head}", which is not a task of this definition`, {
        repair: nearest(use.head, byRef),
      });
    }
  },
};

/** Registration looks for a name that ends with a dot. An execution also finds a name that ends with a bracket. */
function* bracketAfterName(use: ExpressionUse): Generator<Problem> {
  const rest = use.path.slice(use.head.length);
  if (!rest.startsWith('[')) return;
  const [field, ...more] = use.below;
  const repair = more.length === 0 ? `Write \${${use.head}.${field}}.` : `Write a dot after "${use.head}".`;
  yield atUse(use, `\${${use.path}} has a bracket directly after "${use.head}", so registration finds no such name`, {
    repair,
  });
}

const roundReference: WorkflowRule = {
  id: 'round-reference',
  severity: 'error',
  summary: 'an expression names a single round of a loop',
  reason:
    'An execution calls the rounds task__1, task__2 and so on, but an expression can only read the latest round. An expression for another round is null or rejected.',
  repair:
    'Write the task without the number to read its latest round, or read all rounds by number from ${loop.output}.',
  *check({ uses, byRef }) {
    for (const use of uses) {
      const task = roundOf(use, byRef);
      if (task) yield atUse(use, `\${${use.path}} names a single round of "${task}"`);
    }
  },
};

function roundOf({ head }: ExpressionUse, byRef: ReadonlyMap<string, LintedTask>): string | undefined {
  const [, task = ''] = /^(.+)__\d+$/.exec(head) ?? [];
  return !byRef.has(head) && byRef.has(task) ? task : undefined;
}

const unknownTaskField: WorkflowRule = {
  id: 'unknown-task-field',
  severity: 'error',
  summary: 'an expression reads a field that tasks do not have, often because ".output" is missing',
  reason: 'The server registers the definition, and the expression resolves to null.',
  repair: 'Write ".output" after the reference, or read input, status, taskId, iteration or reasonForIncompletion.',
  *check(subject) {
    for (const { use, target } of usesOfTasks(subject)) {
      const [field] = use.below;
      if (field === undefined || field === '*' || OF_A_TASK.has(field) || !isReadable(use.path)) continue;
      yield atUse(
        use,
        `\${${use.path}} reads "${field}", which a task does not have`,
        missingOutput(use, target, field),
      );
    }
  },
};

/** Adds the missing `output` to the path. The expression would always be null without it, so its author can only have meant the output. */
function missingOutput(use: ExpressionUse, target: LintedTask, field: string): Partial<Problem> {
  if (!taskType(target.type)?.outputs?.includes(field)) return {};
  const right = `${use.head}.output${use.path.slice(use.head.length)}`;
  const value = use.text.replace(`\${${use.path}}`, () => `\${${right}}`);
  return { repair: `Write \${${right}}.`, fix: { summary: `\${${right}}`, edits: [{ pointer: use.pointer, value }] } };
}

const unknownOutput: WorkflowRule = {
  id: 'unknown-output',
  severity: 'error',
  summary: 'an expression reads an output that this task type never has',
  reason: 'The expression is null in every execution.',
  repair: 'Read an output that this type has.',
  *check(subject) {
    for (const { use, target } of usesOfTasks(subject)) {
      const [field, name] = use.below;
      const names = outputsOf(target);
      if (
        field !== 'output' ||
        name === undefined ||
        !names ||
        names.includes(name) ||
        target.task.asyncComplete === true
      )
        continue;
      if (!/^[\w-]+$/.test(name) || name === 'length()' || use.path.includes('..')) continue; // ".." looks at every depth
      const isLoop = roleOf(target.type) === 'loop';
      if (isLoop && /^\d+$/.test(name)) continue; // the outputs of one round
      const has = names.length === 0 ? 'no output' : `only ${names.join(', ')}`;
      const more = isLoop ? { repair: loopOutput(use, target, name) } : {};
      yield atUse(use, `\${${use.path}} reads "${name}", but ${target.type} has ${has}`, more);
    }
  },
};

/** The outputs that a task can have; undefined if it can have any. */
function outputsOf(target: LintedTask): readonly string[] | undefined {
  const names = taskType(target.type)?.outputs;
  if (roleOf(target.type) !== 'loop' || isOverItems(target)) return names;
  return names?.filter((name) => !name.startsWith('loop'));
}

/** What the author probably meant by a name that a loop's output does not have. */
function loopOutput(use: ExpressionUse, target: LintedTask, name: string): string | undefined {
  const inside = target.inside.flatMap(({ steps }) => steps).find(({ ref }) => ref === name);
  if (inside) return `Write \${${name}.output…} to read the latest round of "${name}", or a round by its number.`;
  if (!isOverItems(target)) return 'Read iteration, or let the loop run over items to have loopItem and loopIndex.';
  return `Write \${${use.head}.output.${/ind|num|pos/i.test(name) ? 'loopIndex' : 'loopItem'}}.`;
}

const unknownWorkflowField: WorkflowRule = {
  id: 'unknown-workflow-field',
  severity: 'error',
  summary: 'an expression reads a field that the workflow does not have',
  reason: 'The server registers the definition, and the expression resolves to null.',
  repair: 'Read input, variables, workflowId, correlationId, env or secrets.',
  *check({ uses }) {
    for (const use of uses) {
      const [field] = use.below;
      if (use.head !== 'workflow' || field === undefined || field === '*' || OF_THE_WORKFLOW.has(field)) continue;
      if (isReadable(use.path)) yield atUse(use, `\${${use.path}} reads "${field}", which the workflow does not have`);
    }
  },
};

const referenceBeforeRun: WorkflowRule = {
  id: 'reference-before-run',
  severity: 'error',
  summary: 'an expression reads a task that cannot have ended yet',
  reason:
    'The expression is null: the task runs later, at the same time in another branch, or in a case that was not chosen.',
  repair:
    'Read the value after that task has ended. If that task is in another branch of a fork, read the value after the JOIN.',
  *check(subject) {
    for (const { use, target } of usesOfTasks(subject)) {
      const { step } = use;
      if (!step || subject.order.before(step).has(target) || sharesLoop(step, target)) continue;
      yield atUse(use, `\${${use.path}} reads "${target.ref}", ${when(step, target)}`);
    }
  },
};

/**
 * True if a loop contains both tasks, so that `target` may have ended in the previous round. The loop itself counts too: the server reads
 * its inputs again after each round.
 */
function sharesLoop(step: LintedTask, target: LintedTask): boolean {
  const loops = new Set([step, ...around(step)].filter(({ type }) => type === 'DO_WHILE'));
  return [target, ...around(target)].some((outer) => loops.has(outer));
}

function when(step: LintedTask, target: LintedTask): string {
  if (step === target) return 'which is the same task';
  const chain = [target, ...around(target)];
  const meet = chain.find(
    (outer) => [...around(step)].some((other) => other === outer.parent) && !sameBranch(outer, step),
  );
  if (meet?.kind === 'branch') return 'which runs at the same time in another branch';
  if (meet?.kind === 'case' || meet?.kind === 'default') return 'which belongs to another case of the same SWITCH';
  if (chain.some(({ kind, parent }) => kind === 'branch' && parent?.pointer !== step.parent?.pointer)) {
    return 'which is in a branch that no JOIN before this task waits for';
  }
  return 'which runs later';
}

const unsetVariable: WorkflowRule = {
  id: 'unset-variable',
  severity: 'warning',
  summary: 'an expression reads a variable that no task sets',
  reason: 'The expression is null in every execution.',
  repair: 'Set the variable in a SET_VARIABLE task or in "variables" of the definition, or correct its name.',
  *check(subject) {
    const { uses, def } = subject;
    const set = new Set(ofType(subject, 'SET_VARIABLE').flatMap(({ input }) => Object.keys(input)));
    for (const name of Object.keys((def.variables as object | undefined) ?? {})) set.add(name);
    for (const use of uses) {
      const [field, name] = use.below;
      if (use.head !== 'workflow' || field !== 'variables' || name === undefined || !/^[\w-]+$/.test(name)) continue;
      if (!set.has(name)) yield atUse(use, `No task sets the variable "${name}"`);
    }
  },
};

const optionalHttpResponse: WorkflowRule = {
  id: 'optional-http-response',
  severity: 'warning',
  summary: 'an expression reads the response of an HTTP task that may have failed',
  reason: 'If an optional HTTP task fails, its response is a string, so statusCode and body are null.',
  repair: 'Branch on ${task.status} with a SWITCH, and read the response only in the case COMPLETED.',
  *check(subject) {
    for (const { use, target } of usesOfTasks(subject)) {
      if (target.type !== 'HTTP' || target.task.optional !== true) continue;
      if (use.below[1] !== 'response' || use.below.length < 3 || (use.step && branchesOnStatus(use.step, target)))
        continue;
      yield atUse(use, `\${${use.path}} is null if "${target.ref}" fails`);
    }
  },
};

function branchesOnStatus(step: LintedTask, target: LintedTask): boolean {
  return [...around(step)].some((outer) => JSON.stringify(outer.input).includes(`\${${target.ref}.status}`));
}

/** The reference that the author probably meant. */
function nearest(name: string, byRef: ReadonlyMap<string, LintedTask>): string | undefined {
  const plain = (text: string) => text.toLowerCase().replace(/[^a-z0-9]/g, '');
  const meant = [...byRef.keys()].find((ref) => plain(ref) === plain(name));
  return meant && `Write "${meant}".`;
}

/** Rules about `${…}` expressions. */
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
