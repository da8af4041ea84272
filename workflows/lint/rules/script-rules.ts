import type { WorkflowRule } from '../rule.ts';
import { at, isDynamic, objectOf, ofType, type Step, type Subject, taskDefOf, textOf } from '../subject.ts';
import { codeOf, readNames, scriptOf, syntaxErrorOf, type TaskScript } from '../task-scripts.ts';

const EVALUATORS = ['javascript', 'graaljs', 'value-param'];

const scriptMissing: WorkflowRule = {
  id: 'script-missing',
  severity: 'error',
  summary: 'an INLINE task without its expression',
  reason: 'The server registers it, and the task fails for good.',
  repair: 'Put the script into inputParameters.expression.',
  *check(subject) {
    for (const step of ofType(subject, 'INLINE')) {
      if (textOf(step.input.expression).trim() === '')
        yield at(step, '/inputParameters/expression', 'INLINE has no expression');
    }
    for (const step of ofType(subject, 'LAMBDA')) {
      if (textOf(step.input.scriptExpression).trim() === '')
        yield at(step, '/inputParameters/scriptExpression', 'LAMBDA has no scriptExpression');
    }
  },
};

const unknownEvaluator: WorkflowRule = {
  id: 'unknown-evaluator',
  severity: 'error',
  summary: 'an evaluatorType that the server does not have',
  reason: 'The task fails, or its result is null in the case of python.',
  repair: 'Use graaljs or javascript (the same engine), or value-param.',
  *check(subject) {
    for (const step of ofType(subject, 'INLINE', 'SWITCH')) {
      const isSwitch = step.type === 'SWITCH';
      const evaluator = isSwitch ? step.task.evaluatorType : step.input.evaluatorType;
      if (
        evaluator === undefined ||
        evaluator === null ||
        isDynamic(evaluator) ||
        EVALUATORS.includes(textOf(evaluator))
      )
        continue;
      yield at(
        step,
        isSwitch ? '/evaluatorType' : '/inputParameters/evaluatorType',
        `There is no evaluator "${textOf(evaluator)}"`,
      );
    }
  },
};

function scripts({ steps }: Subject): TaskScript[] {
  return steps.flatMap((step) => scriptOf(step) ?? []);
}

const expressionInScript: WorkflowRule = {
  id: 'expression-in-script',
  severity: 'error',
  summary: '${ in a script',
  reason:
    'The server takes ${…} for an expression: it refuses the definition, or pastes the value into the code as text, where a quote breaks it.',
  repair: 'Pass the value as an input and read it as $.name; join texts with + instead of a template literal.',
  *check(subject) {
    for (const script of scripts(subject)) {
      if (script.text.includes('${')) yield at(script.step, script.field, 'The script holds "${"');
    }
  },
};

const scriptSyntax: WorkflowRule = {
  id: 'script-syntax',
  severity: 'error',
  summary: 'a script that cannot be parsed',
  reason: 'The task fails for good, without a retry, and with it the execution.',
  repair: 'Correct it. A "return" has to stand in a function: (function () { return 1; })().',
  *check(subject) {
    for (const script of scripts(subject)) {
      const error = script.text.includes('${') ? undefined : syntaxErrorOf(script.text);
      if (error !== undefined) yield at(script.step, script.field, `The script cannot be parsed: ${error}`);
    }
  },
};

const endlessScript: WorkflowRule = {
  id: 'endless-script',
  severity: 'error',
  summary: 'a script with a loop that nothing ends',
  reason:
    'The server gives it up after 4 seconds but cannot stop it: it burns a processor until the server is restarted.',
  repair: 'Give the loop an end.',
  *check(subject) {
    for (const script of scripts(subject)) {
      const code = codeOf(script.text);
      const loops = /\bwhile\s*\(\s*(?:true|1|!0)\s*\)|\bfor\s*\(\s*;\s*(?:true\s*)?;[^)]*\)/.test(code);
      if (loops && !/\b(?:break|return|throw)\b/.test(code))
        yield at(script.step, script.field, 'Nothing ends a loop in the script');
    }
  },
};

const unknownScriptInput: WorkflowRule = {
  id: 'unknown-script-input',
  severity: 'warning',
  summary: 'a script reads an input that the task does not have',
  reason: 'It is null in INLINE, and undefined in a condition: reading something of it fails the task for good.',
  repair: 'Add it to inputParameters, or correct its name.',
  *check(subject) {
    for (const script of scripts(subject)) {
      const has = inputsOf(script.step, subject);
      if (/\(\s*\$\s*[,)]\s*(?:=>|\{)|\bfunction\b[^(]*\([^)]*\$/.test(script.text)) continue; // `$` is another thing in there
      for (const name of readNames(script.text)) {
        if (!has.has(name))
          yield at(
            script.step,
            script.field,
            `The script reads $.${name}, which is none of the inputs of "${script.step.ref}"`,
          );
      }
    }
  },
};

/** What `$` holds: the inputs of the task, and for a loop also the outputs of itself and of its tasks. */
function inputsOf(step: Step, { steps, known }: Subject): ReadonlySet<string> {
  const template = objectOf(taskDefOf(step, known)?.inputTemplate);
  const names = new Set([...Object.keys(step.input), ...Object.keys(template)]);
  if (step.type !== 'DO_WHILE') return names;
  names.add(step.ref);
  for (const other of steps) if (other.pointer.startsWith(`${step.pointer}/`)) names.add(other.ref);
  return names;
}

/** Rules about JavaScript in definitions. */
export const scriptRules: readonly WorkflowRule[] = [
  scriptMissing,
  unknownEvaluator,
  expressionInScript,
  scriptSyntax,
  endlessScript,
  unknownScriptInput,
];
