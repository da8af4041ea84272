import { roleOf } from '../../core/conductor/task-types.ts';
import { type ExpressionUse, type LintedTask, objectOf, ofType, type Subject, taskDefOf } from './subject.ts';
import { requiredIn, schemaIn } from './value-schemas.ts';

/**
 * True if nothing in the definition says that the expression has a value. The result of a computation counts as one: its author wrote it
 * for this purpose.
 */
export function mayBeNull(use: ExpressionUse, subject: Subject): boolean {
  const [field = '', name = '', ...deeper] = use.below;
  if (use.head === 'workflow') {
    const { def } = subject;
    if (field === 'input') {
      const isRequired = deeper.length === 0 && requiredIn(schemaIn(def, 'inputSchema')).includes(name);
      return !isRequired && !isGiven(objectOf(def.inputTemplate)[name]);
    }
    if (field === 'variables') return !isGiven(objectOf(def.variables)[name]) && !isSet(name, use.step, subject);
    return field === 'correlationId' || field === 'env' || field === 'output';
  }
  const target = subject.byRef.get(use.head);
  if (!target || !use.step || field !== 'output') return false;
  if (!subject.order.before(use.step).has(target)) return false; // another rule reports that it cannot have run
  if (subject.order.before(use.step).get(target) === 'maybe') return true;
  const role = roleOf(target.type);
  if (role === 'computation' || role === 'loop' || role === 'choice') return false;
  return !requiredIn(schemaIn(taskDefOf(target, subject.known), 'outputSchema')).includes(name);
}

const isGiven = (value: unknown) => value !== undefined && value !== null && value !== '';

function isSet(name: string, step: LintedTask | undefined, subject: Subject): boolean {
  if (!step) return false;
  const ended = subject.order.before(step);
  return ofType(subject, 'SET_VARIABLE').some(
    (set) => ended.get(set) === 'always' && isGiven(objectOf(set.task.inputParameters)[name]),
  );
}

/** True if the task runs only when the value is not null: a SWITCH on the same value sends null another way. */
export function isGuarded(step: LintedTask, expression: string): boolean {
  for (let inner: LintedTask | undefined = step; inner; inner = inner.parent) {
    const { parent, kind, key } = inner;
    const isChosen = parent !== undefined && choosesBy(parent, expression);
    if (isChosen && kind === 'case' && key !== 'null') return true;
    if (isChosen && kind === 'default' && 'null' in objectOf(parent.task.decisionCases)) return true;
    for (let { previous } = inner; previous; previous = previous.previous) {
      if (choosesBy(previous, expression) && endsOnNull(previous)) return true;
    }
  }
  return false;
}

function choosesBy({ type, task, input }: LintedTask, expression: string): boolean {
  return roleOf(type) === 'choice' && input[String(task.expression ?? task.caseValueParam)] === expression;
}

function endsOnNull({ inside }: LintedTask): boolean {
  const onNull = inside.find(({ key, kind }) => kind === 'case' && key === 'null');
  return onNull?.steps.some(({ type }) => roleOf(type) === 'end') ?? false;
}
