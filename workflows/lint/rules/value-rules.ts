import { roleOf, type TaskRole } from '../../../core/conductor/task-types.ts';
import { isObject, roundedNumber } from '../../../core/json.ts';
import type { Problem, WorkflowRule } from '../rule.ts';
import { type ExpressionUse, type LintedTask, part, type Subject, taskDefOf } from '../subject.ts';
import { requiredIn, schemaIn } from '../value-schemas.ts';
import { atUse, usesOfTasks } from './reference-rules.ts';

const mayBeNull: WorkflowRule = {
  id: 'may-be-null',
  severity: 'warning',
  summary: 'a required value comes from a task that may not have run',
  reason: 'If the SWITCH chooses another case, the required value is null.',
  repair: 'Read the value inside the case, or set a variable in every case and read the variable.',
  *check(subject) {
    for (const { use, target } of usesOfTasks(subject)) {
      if (!use.whole || use.below[0] !== 'output' || !isNeeded(use, subject)) continue;
      const ended = use.step ? subject.order.before(use.step).get(target) : ending(subject, target);
      if (ended !== 'maybe') continue;
      yield atUse(use, `\${${use.path}} is null unless "${target.ref}" has run, but a value is required here`);
    }
  },
};

function ending({ steps, order }: Subject, target: LintedTask): 'always' | 'maybe' | undefined {
  const last = steps.findLast(({ parent }) => parent === undefined);
  if (!last || target === last) return 'always';
  return order.after(last).get(target);
}

/** Inputs that a call by the server requires. */
const NEEDED = /\/(?:uri|method|mcpServer|message|llmProvider|model|name)$/;

function isNeeded(use: ExpressionUse, { def, known, root }: Subject): boolean {
  const { step, pointer } = use;
  if (!step)
    return requiredIn(schemaIn(def, 'outputSchema')).some(
      (name) => pointer === `${root}/outputParameters${part(name)}`,
    );
  const below = pointer.slice(`${step.pointer}/inputParameters`.length);
  if (step.type !== 'SIMPLE') return roleOf(step.type) === 'call' && NEEDED.test(below);
  return requiredIn(schemaIn(taskDefOf(step, known), 'inputSchema')).some((name) => below === part(name));
}

/** The roles of tasks that get a secret only when they run, so that the database never contains the secret. */
const KEEPING: readonly (TaskRole | undefined)[] = ['worker', 'call', undefined];

const secretExposed: WorkflowRule = {
  id: 'secret-exposed',
  severity: 'warning',
  summary: 'the server stores a secret',
  reason:
    'The server stores outputs, variables and the inputs of other workflows, and everyone with access to the server can read them. It does not store a secret in the inputs of workers and of calls that it makes itself.',
  repair: 'Read ${workflow.secrets.…} only in the input of the task that needs it.',
  *check({ uses }) {
    for (const use of uses) {
      if (use.head !== 'workflow' || use.below[0] !== 'secrets') continue;
      const where = use.step
        ? KEEPING.includes(roleOf(use.step.type))
          ? undefined
          : `the input of ${use.step.type}`
        : 'the output of the workflow';
      if (where) yield atUse(use, `\${${use.path}} is in ${where}`);
    }
  },
};

const SECRET_KEY =
  /^(?:(?:proxy-)?authorization|password|passwd|secret|(?:x-)?api[-_]?key|(?:access|auth|bearer)[-_]?token|client[-_]?secret|private[-_]?key)$/i;

const secretInClear: WorkflowRule = {
  id: 'secret-in-clear',
  severity: 'warning',
  summary: 'the definition contains a text that looks like a secret',
  reason: 'Everyone with access to the server can read definitions and inputs.',
  repair: 'Start the server with CONDUCTOR_SECRET_NAME set, and write ${workflow.secrets.NAME}.',
  *check({ def, root, steps }) {
    for (const step of steps) yield* literalSecrets(step.input, `${step.pointer}/inputParameters`, step.ref);
    for (const field of ['inputTemplate', 'variables', 'outputParameters'])
      yield* literalSecrets(def[field], `${root}/${field}`);
  },
};

function* literalSecrets(value: unknown, pointer: string, taskReferenceName?: string): Generator<Problem> {
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) yield* literalSecrets(item, `${pointer}/${index}`, taskReferenceName);
  }
  if (!isObject(value)) return;
  for (const [key, item] of Object.entries(value)) {
    const place = `${pointer}${part(key)}`;
    if (typeof item !== 'string') yield* literalSecrets(item, place, taskReferenceName);
    else if (SECRET_KEY.test(key) && item.trim() !== '' && !item.includes('${')) {
      yield { pointer: place, taskReferenceName, message: `"${key}" is in plain text` };
    }
  }
}

const roundedInteger: WorkflowRule = {
  id: 'rounded-integer',
  severity: 'warning',
  summary: 'an integer in code is beyond 2^53',
  reason: 'JavaScript rounds such an integer when it reads the code, so the server may get another number.',
  repair: "Write it as a string, or as JSON.rawJSON('9007199254740993'), which keeps every digit.",
  *check({ def, root }) {
    const found = roundedNumber(def);
    if (!found) return;
    const pointer = `${root}${found.path.map((key) => part(String(key))).join('')}`;
    yield { pointer, message: `The number became ${found.value}` };
  },
};

/** Rules about values. */
export const valueRules: readonly WorkflowRule[] = [mayBeNull, secretExposed, secretInClear, roundedInteger];
