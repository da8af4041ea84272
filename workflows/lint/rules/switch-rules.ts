import { pathsIn } from '../expression-paths.ts';
import type { Problem, WorkflowRule } from '../rule.ts';
import {
  at,
  isDynamic,
  type LintedTask,
  objectOf,
  ofRole,
  ofType,
  part,
  type Subject,
  taskDefOf,
  textOf,
} from '../subject.ts';
import { isOpen, schemaOf, valuesOf } from '../value-schemas.ts';

const switchWithoutChoice: WorkflowRule = {
  id: 'switch-without-choice',
  severity: 'error',
  summary: 'a SWITCH has no evaluatorType, no expression or no cases',
  reason: 'The server rejects the definition.',
  repair:
    'For a SWITCH on an input, set evaluatorType to value-param and expression to the name of the input. For a script, set evaluatorType to graaljs and expression to the script. Add a case.',
  *check(subject) {
    for (const step of ofType(subject, 'SWITCH')) {
      const { evaluatorType, expression, decisionCases } = step.task;
      if (textOf(evaluatorType) === '')
        yield at(step, '/evaluatorType', 'The SWITCH has no evaluatorType', byValue(step));
      if (textOf(expression) === '') yield at(step, '/expression', 'The SWITCH has no expression');
      if (Object.keys(objectOf(decisionCases)).length === 0)
        yield at(step, '/decisionCases', 'The SWITCH has no cases');
    }
  },
};

/** If the expression is the name of an input, the author can only have meant `value-param`. */
function byValue(step: LintedTask): Partial<Problem> {
  if (!(textOf(step.task.expression) in step.input)) return {};
  const edits = [{ pointer: `${step.pointer}/evaluatorType`, value: 'value-param' }];
  return { fix: { summary: '"evaluatorType": "value-param"', edits } };
}

const decisionWithoutChoice: WorkflowRule = {
  id: 'decision-without-choice',
  severity: 'error',
  summary: 'a DECISION has no value to decide by, or no cases',
  reason: 'The server rejects the definition.',
  repair: 'Use a SWITCH with evaluatorType and expression.',
  *check(subject) {
    for (const step of ofType(subject, 'DECISION')) {
      const { caseValueParam, caseExpression, decisionCases } = step.task;
      if (textOf(caseValueParam) === '' && textOf(caseExpression) === '')
        yield at(step, '/caseValueParam', 'The DECISION has neither caseValueParam nor caseExpression');
      if (Object.keys(objectOf(decisionCases)).length === 0)
        yield at(step, '/decisionCases', 'The DECISION has no cases');
    }
  },
};

const switches = (subject: Subject) =>
  ofType(subject, 'SWITCH').filter(({ task }) => task.evaluatorType === 'value-param');

const switchInputMissing: WorkflowRule = {
  id: 'switch-input-missing',
  severity: 'error',
  summary: 'the expression of a value-param SWITCH does not name an input',
  reason:
    'With value-param, the expression must be the name of an input. Otherwise the value is always null and no case is ever chosen.',
  repair: 'Write the name of an input, or set evaluatorType to graaljs to use a script.',
  *check(subject) {
    for (const step of switches(subject)) {
      const name = textOf(step.task.expression);
      if (name === '' || name in step.input || name in objectOf(taskDefOf(step, subject.known)?.inputTemplate))
        continue;
      yield at(step, '/expression', `"${name}" is not an input of "${step.ref}"`);
    }
  },
};

const comparisonCase: WorkflowRule = {
  id: 'comparison-case',
  severity: 'error',
  summary: 'a case is written as a comparison',
  reason: 'The server compares a case as a string: ">5" matches only the string ">5".',
  repair:
    "Compare in a script: evaluatorType graaljs, expression \"$.v > 5 ? 'big' : 'small'\", with the cases big and small.",
  *check(subject) {
    for (const step of ofRole(subject, 'choice')) {
      for (const key of Object.keys(objectOf(step.task.decisionCases))) {
        if (/^\s*(?:[<>]=?|[!=]==?)\s*\S/.test(key))
          yield at(step, `/decisionCases${part(key)}`, `The case "${key}" is a comparison`);
      }
    }
  },
};

/** The possible values by which a `value-param` SWITCH chooses, if they are known. `open` is true if any string or number is possible. */
function chosenBy(step: LintedTask, subject: Subject): { values?: readonly string[] | undefined; open: boolean } {
  const value = step.input[textOf(step.task.expression)];
  if (value === undefined) return { open: false };
  if (!isDynamic(value)) return { values: [String(value)], open: false };
  const [path, ...more] = pathsIn(value, '');
  if (!path?.whole || more.length > 0) return { open: false };
  const schema = schemaOf({ ...path, step }, subject);
  return { values: valuesOf(schema), open: isOpen(schema) };
}

/** True if a SWITCH has a case for every value that its schema allows. */
export function coversEveryValue(step: LintedTask, subject: Subject): boolean {
  const isByValue = step.type === 'SWITCH' && step.task.evaluatorType === 'value-param';
  const { values } = isByValue ? chosenBy(step, subject) : {};
  const cases = objectOf(step.task.decisionCases);
  return values?.every((value) => Object.hasOwn(cases, value)) ?? false;
}

const unreachableCase: WorkflowRule = {
  id: 'unreachable-case',
  severity: 'warning',
  summary: 'a SWITCH has a case that no value can choose',
  reason:
    'The tasks of the case never run. The server compares strings exactly: a space or a capital letter makes a difference.',
  repair: 'Correct the value of the case, or remove the case.',
  *check(subject) {
    for (const step of switches(subject)) {
      const { values } = chosenBy(step, subject);
      for (const key of Object.keys(objectOf(step.task.decisionCases))) {
        if (values ? values.includes(key) || key === 'null' : key === key.trim()) continue;
        const against = values
          ? `the value can only be ${values.map((value) => `"${value}"`).join(', ')}`
          : 'it begins or ends with a space';
        yield at(step, `/decisionCases${part(key)}`, `The case "${key}" is never chosen: ${against}`);
      }
    }
  },
};

const switchWithoutDefault: WorkflowRule = {
  id: 'switch-without-default',
  severity: 'warning',
  summary: 'a SWITCH has no default case, but its value may match no case',
  reason: 'The workflow continues after the SWITCH without running any case.',
  repair: 'Add the missing cases or a defaultCase. For a value that must not occur, use a TERMINATE with FAILED.',
  *check(subject) {
    for (const step of switches(subject)) {
      if (step.inside.some(({ kind }) => kind === 'default')) continue;
      const { values, open } = chosenBy(step, subject);
      const cases = Object.keys(objectOf(step.task.decisionCases));
      const missing = isDynamic(step.input[textOf(step.task.expression)])
        ? (values ?? []).filter((value) => !cases.includes(value))
        : [];
      if (missing.length > 0)
        yield at(step, '/defaultCase', `No case runs for ${missing.map((value) => `"${value}"`).join(', ')}`);
      else if (open && cases.length > 1) yield at(step, '/defaultCase', 'No case runs for any other value');
    }
  },
};

/** Rules about SWITCH and DECISION. */
export const switchRules: readonly WorkflowRule[] = [
  switchWithoutChoice,
  decisionWithoutChoice,
  switchInputMissing,
  comparisonCase,
  unreachableCase,
  switchWithoutDefault,
];
