import { taskType, taskTypes } from '../../../core/conductor/task-types.ts';
import { isObject } from '../../../core/json.ts';
import { zodPath } from '../../../core/schema/zod-sentences.ts';
import { type Misfit, misfits, strangersIn, taskDefForm, taskForm, workflowForm } from '../definition-forms.ts';
import type { Problem, WorkflowRule } from '../rule.ts';
import { at, holds, type LintedTask, part, type Subject, textOf } from '../subject.ts';

type Misfitting = Problem & { misfit: Misfit };

/** The misfits of each subject, computed once. Two rules use them, and so does the check that runs before all rules. */
const found = new WeakMap<Subject, readonly Misfitting[]>();

function everyMisfit(subject: Subject): readonly Misfitting[] {
  const known = found.get(subject) ?? [...misfitsIn(subject)];
  found.set(subject, known);
  return known;
}

/** Misfits of the definition and of every task in it. */
function* misfitsIn({ def, root, steps }: Subject): Generator<Misfitting> {
  for (const misfit of misfits(workflowForm, def)) yield { ...problemOf(misfit, root), misfit };
  for (const step of steps) {
    for (const misfit of misfits(taskForm, step.task)) {
      yield { ...problemOf(misfit, step.pointer), taskReferenceName: step.ref || undefined, misfit };
    }
    yield* missingLists(step);
  }
}

/** Reports null where the server iterates over a list or a map: it answers 500 there. */
function* missingLists(step: LintedTask): Generator<Misfitting> {
  const { holds: kinds = [], refusesNullInput } = taskType(step.type) ?? {};
  const fields = [...kinds.map((kind) => FIELD_OF[kind]), ...(refusesNullInput ? ['inputParameters'] : [])];
  for (const field of fields.filter((name) => step.task[name] === null)) {
    const wanted = field.endsWith('Parameters') ? 'a JSON object' : 'tasks';
    const misfit = { path: [field], value: null, rule: `must be ${wanted}, not null` };
    yield { ...problemOf(misfit, step.pointer), taskReferenceName: step.ref || undefined, misfit };
  }
}

const FIELD_OF = {
  case: 'decisionCases',
  default: 'defaultCase',
  branch: 'forkTasks',
  loop: 'loopOver',
} as const;

function problemOf({ path, rule }: Misfit, root: string): Problem {
  return {
    pointer: `${root}${path.map((key) => part(String(key))).join('')}`,
    message: `${zodPath(path) || 'The definition'} ${rule}`,
  };
}

export const wrongType: WorkflowRule = {
  id: 'wrong-type',
  severity: 'error',
  summary: 'a field has a value of the wrong type, or a word that the field does not allow',
  reason: 'The server answers 500 with a Java parse error and registers none of the definitions that were sent.',
  repair: 'Write a value that the field accepts.',
  *check(subject) {
    for (const { misfit, ...problem } of everyMisfit(subject)) {
      if (misfit.coerced !== undefined) continue;
      yield { ...problem, ...policyFix(misfit, problem.pointer) };
    }
  },
};

/** Old examples wrote `{"type": "TIME_OUT_WF"}`. */
function policyFix({ path, value }: Misfit, pointer: string): Partial<Problem> {
  if (path.at(-1) !== 'timeoutPolicy' || !isObject(value) || typeof value.type !== 'string') return {};
  const { type } = value;
  if (!['RETRY', 'TIME_OUT_WF', 'ALERT_ONLY'].includes(type)) return {};
  return {
    repair: `Write the word alone: "timeoutPolicy": "${type}", with timeoutSeconds next to it.`,
    fix: { summary: `"timeoutPolicy": "${type}"`, edits: [{ pointer, value: type }] },
  };
}

export const coercedType: WorkflowRule = {
  id: 'coerced-type',
  severity: 'warning',
  summary: 'a value is written as another type, for example the number 2 as "2"',
  reason:
    'The server stores the converted value. So every later comparison of the server with the file shows a difference.',
  repair: 'Write the value in the type of the field.',
  *check(subject) {
    for (const { misfit, ...problem } of everyMisfit(subject)) {
      const { coerced } = misfit;
      if (coerced === undefined) continue;
      const summary = `${JSON.stringify(misfit.value)} becomes ${JSON.stringify(coerced)}`;
      yield { ...problem, fix: { summary, edits: [{ pointer: problem.pointer, value: coerced }] } };
    }
  },
};

export const missingField: WorkflowRule = {
  id: 'missing-field',
  severity: 'error',
  summary: 'a definition has no name or no tasks, or a task has no name or no reference',
  reason: 'The server rejects the definition.',
  repair: 'Add the missing field.',
  *check({ def, root, steps }) {
    if (textOf(def.name) === '') yield { pointer: `${root}/name`, message: 'The workflow has no name' };
    if (Array.isArray(def.tasks) && def.tasks.length === 0) {
      yield { pointer: `${root}/tasks`, message: 'The workflow has no tasks' };
    }
    for (const step of steps) {
      if (step.ref === '') yield at(step, '/taskReferenceName', 'The task has no taskReferenceName');
      if (step.name === '') yield at(step, '/name', 'The task has no name');
    }
  },
};

export const schemaVersion: WorkflowRule = {
  id: 'schema-version',
  severity: 'error',
  summary: 'the schemaVersion is not 2',
  reason: 'The server knows only version 2 and rejects the definition.',
  repair: 'Set schemaVersion to 2, or remove it.',
  *check({ def, root }) {
    if (def.schemaVersion === undefined || Number(def.schemaVersion) === 2) return;
    yield { pointer: `${root}/schemaVersion`, message: `schemaVersion is ${JSON.stringify(def.schemaVersion)}` };
  },
};

export const unknownField: WorkflowRule = {
  id: 'unknown-field',
  severity: 'warning',
  summary: 'a definition or a task has a field that the server does not know',
  reason: 'The server drops the field silently, so it has no effect.',
  repair: 'Correct the name of the field, move the field to the right place, or remove it.',
  *check({ def, root, steps }) {
    for (const key of strangersIn(workflowForm, def))
      yield { pointer: `${root}${part(key)}`, message: strange(key, 'a workflow definition') };
    for (const step of steps) {
      for (const key of strangersIn(taskForm, step.task)) yield at(step, part(key), strange(key, 'a task'));
    }
  },
};

function strange(key: string, where: string): string {
  const belongs =
    key in taskForm.shape
      ? '; it is a field of a task'
      : key in workflowForm.shape
        ? '; it is a field of a workflow definition'
        : '';
  const policy = belongs === '' && key in taskDefForm.shape ? '; it is a field of a task definition' : belongs;
  return `"${key}" is not a field of ${where}${policy}`;
}

export const nestedTasksIgnored: WorkflowRule = {
  id: 'nested-tasks-ignored',
  severity: 'error',
  summary: 'a task holds other tasks in a field that its type does not have',
  reason: 'The server ignores these inner tasks: they never run, and references to them are rejected or null.',
  repair: 'Change the type of the outer task, or move the inner tasks.',
  *check({ steps }) {
    for (const step of steps) {
      for (const kind of ['case', 'default', 'branch', 'loop'] as const) {
        const field = FIELD_OF[kind];
        const value = step.task[field];
        const isEmpty = Array.isArray(value) ? value.length === 0 : !isObject(value) || Object.keys(value).length === 0;
        if (isEmpty || holds(step.type, kind)) continue;
        yield at(
          step,
          `/${field}`,
          `A task of type ${step.type} has ${field}, which only ${taskTypes.find((type) => holds(type, kind))} has`,
        );
      }
    }
  },
};

export const formRules: readonly WorkflowRule[] = [
  wrongType,
  coercedType,
  missingField,
  schemaVersion,
  unknownField,
  nestedTasksIgnored,
];
