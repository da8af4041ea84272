import { pathsIn } from '../expression-paths.ts';
import type { Problem, WorkflowRule } from '../rule.ts';
import {
  at,
  isDynamic,
  objectOf,
  ofRole,
  ofType,
  part,
  type Step,
  type Subject,
  taskDefOf,
  textOf,
} from '../subject.ts';
import { isOpen, schemaOf, valuesOf } from '../value-schemas.ts';

const switchWithoutChoice: WorkflowRule = {
  id: 'switch-without-choice',
  severity: 'error',
  summary: 'a SWITCH without evaluatorType, expression or cases',
  reason: 'The server refuses it.',
  repair:
    'Set evaluatorType to value-param with the name of an input as expression, or to graaljs with a script; give it a case.',
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

/** An expression that is the name of an input can only have been meant as such. */
function byValue(step: Step): Partial<Problem> {
  if (!(textOf(step.task.expression) in step.input)) return {};
  const edits = [{ pointer: `${step.pointer}/evaluatorType`, value: 'value-param' }];
  return { fix: { summary: '"evaluatorType": "value-param"', edits } };
}

const decisionWithoutChoice: WorkflowRule = {
  id: 'decision-without-choice',
  severity: 'error',
  summary: 'a DECISION without a value, an expression or cases',
  reason: 'The server refuses it.',
  repair: 'Use a SWITCH, with evaluatorType and expression.',
  *check(subject) {
    for (const step of ofType(subject, 'DECISION')) {
      const { caseValueParam, caseExpression, decisionCases } = step.task;
      if (textOf(caseValueParam) === '' && textOf(caseExpression) === '')
        yield at(step, '/caseValueParam', 'The DECISION has nothing to decide on');
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
  summary: 'a SWITCH by value-param whose expression names none of its inputs',
  reason:
    'With value-param the expression is the name of an input, no script: the value is always null, and no case is ever taken.',
  repair: 'Name an input, or set evaluatorType to graaljs for a script.',
  *check(subject) {
    for (const step of switches(subject)) {
      const name = textOf(step.task.expression);
      if (name === '' || name in step.input || name in objectOf(taskDefOf(step, subject.known)?.inputTemplate))
        continue;
      yield at(step, '/expression', `"${name}" is none of the inputs of "${step.ref}"`);
    }
  },
};

const comparisonCase: WorkflowRule = {
  id: 'comparison-case',
  severity: 'error',
  summary: 'a case that is written as a comparison',
  reason: 'A case is compared as a text: ">5" is taken for the text ">5" and for nothing else.',
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

/** What is known of the value a SWITCH by value-param chooses by. */
function chosenBy(step: Step, subject: Subject): { values?: readonly string[] | undefined; open: boolean } {
  const value = step.input[textOf(step.task.expression)];
  if (value === undefined) return { open: false };
  if (!isDynamic(value)) return { values: [String(value)], open: false };
  const [path, ...more] = pathsIn(value, '');
  if (!path?.whole || more.length > 0) return { open: false };
  const schema = schemaOf({ ...path, step }, subject);
  return { values: valuesOf(schema), open: isOpen(schema) };
}

const unreachableCase: WorkflowRule = {
  id: 'unreachable-case',
  severity: 'warning',
  summary: 'a case that no value can choose',
  reason: 'Its tasks never run. Values are compared exactly, as texts: capitals and blanks count.',
  repair: 'Correct the case, or remove it.',
  *check(subject) {
    for (const step of switches(subject)) {
      const { values } = chosenBy(step, subject);
      for (const key of Object.keys(objectOf(step.task.decisionCases))) {
        if (values ? values.includes(key) || key === 'null' : key === key.trim()) continue;
        const against = values
          ? `only ${values.map((value) => `"${value}"`).join(', ')} can come`
          : 'it begins or ends with a blank';
        yield at(step, `/decisionCases${part(key)}`, `The case "${key}" is never chosen: ${against}`);
      }
    }
  },
};

const switchWithoutDefault: WorkflowRule = {
  id: 'switch-without-default',
  severity: 'warning',
  summary: 'a SWITCH without default whose value can be one of no case',
  reason: 'The workflow goes on behind the SWITCH as if nothing had to be done.',
  repair: 'Add the missing cases, or a defaultCase: a TERMINATE with FAILED, if the value should not be.',
  *check(subject) {
    for (const step of switches(subject)) {
      if (step.inside.some(({ kind }) => kind === 'default')) continue;
      const { values, open } = chosenBy(step, subject);
      const cases = Object.keys(objectOf(step.task.decisionCases));
      const missing = isDynamic(step.input[textOf(step.task.expression)])
        ? (values ?? []).filter((value) => !cases.includes(value))
        : [];
      if (missing.length > 0)
        yield at(step, '/defaultCase', `Nothing is done for ${missing.map((value) => `"${value}"`).join(', ')}`);
      else if (open && cases.length > 1)
        yield at(step, '/defaultCase', 'Nothing is done for values that are none of the cases');
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
