import { taskType } from '../../../core/conductor/task-types.ts';
import { isReadable, pathsIn } from '../expression-paths.ts';
import type { WorkflowRule } from '../rule.ts';
import {
  at,
  isDynamic,
  isOverItems,
  type LintedTask,
  objectOf,
  ofType,
  type Subject,
  taskDefOf,
  textOf,
} from '../subject.ts';
import {
  absentObjects,
  codeOf,
  onlyDeclares,
  readNames,
  returnsNothing,
  scriptOf,
  syntaxErrorOf,
  type TaskScript,
} from '../task-scripts.ts';

const EVALUATORS = ['javascript', 'graaljs', 'value-param'];

const scriptMissing: WorkflowRule = {
  id: 'script-missing',
  severity: 'error',
  summary: 'an INLINE task has no script',
  reason: 'The server registers the definition, and the task fails without a retry.',
  repair: 'Write the script into inputParameters.expression.',
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
  summary: 'a task has an evaluatorType that the server does not have',
  reason: 'The task fails. With python, its result is null.',
  repair: 'Use graaljs (javascript is the same engine) or value-param.',
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
  summary: 'a script contains ${ that is no expression of the server, often in a template literal',
  reason:
    'In an input, the server reads ${…} as an expression: it rejects the definition, or pastes null into the code. In other scripts it replaces nothing.',
  repair: 'Pass values as inputs and read them as $.name. Join strings with + instead of a template literal.',
  *check(subject) {
    for (const script of scripts(subject)) {
      const values = valuesIn(script, subject);
      if (!script.substituted && values > 0) {
        yield at(script.step, script.field, 'The server replaces no expression in this script');
      } else if (script.substituted && opened(script) > values) {
        yield at(script.step, script.field, 'The script contains "${"');
      }
    }
  },
};

const valueInScript: WorkflowRule = {
  id: 'value-in-script',
  severity: 'warning',
  summary: 'a script contains an expression',
  reason:
    'The server pastes the value into the code. A quote or a line break in the value breaks the script, and other values can change what it does.',
  repair: 'Pass the value as an input and read it as $.name.',
  *check(subject) {
    for (const script of scripts(subject)) {
      const values = valuesIn(script, subject);
      if (script.substituted && values > 0 && values === opened(script)) {
        yield at(script.step, script.field, 'The script contains an expression');
      }
    }
  },
};

/** How many expressions begin in the script. `$${` begins none: the server makes `${` of it. */
function opened({ text }: TaskScript): number {
  return text.split(/(?<!\$)\$\{/).length - 1;
}

/** True if the server evaluates another text than the definition has. */
function hasExpression(script: TaskScript): boolean {
  return script.substituted && opened(script) > 0;
}

/** How many expressions in the script the server can replace by a value. */
function valuesIn({ text }: TaskScript, { byRef }: Subject): number {
  const isKnown = (head: string) => head === 'workflow' || byRef.has(head);
  return pathsIn(text, '').filter(({ path, head }) => isReadable(path) && isKnown(head)).length;
}

const scriptSyntax: WorkflowRule = {
  id: 'script-syntax',
  severity: 'error',
  summary: 'a script has a syntax error',
  reason: 'The task fails without a retry, and so does the execution.',
  repair: 'Correct the syntax. "return" works only in a function: (function () { return 1; })().',
  *check(subject) {
    for (const script of scripts(subject)) {
      const error = hasExpression(script) ? undefined : syntaxErrorOf(script.evaluated);
      if (error === undefined) continue;
      const repair = isBody(script)
        ? 'Correct the syntax. The script of a LAMBDA is the body of a function, and a // comment cannot be its last line.'
        : undefined;
      yield at(script.step, script.field, `The script cannot be parsed: ${error}`, { repair });
    }
  },
};

/** True for the script of a LAMBDA. */
const isBody = ({ step }: TaskScript) => taskType(step.type)?.scriptIsBody === true;

const scriptWithoutValue: WorkflowRule = {
  id: 'script-without-value',
  severity: 'warning',
  summary: 'a script returns nothing',
  reason: 'The result is null in every execution.',
  repair: 'Call the function: (function () { return 1; })().',
  *check(subject) {
    for (const script of scripts(subject)) {
      const { step, field, text } = script;
      if (text.includes('${')) continue;
      if (isBody(script) && returnsNothing(text)) {
        const repair = 'Return the value: return $.n + 1; without a function around it.';
        yield at(step, field, 'The script of a LAMBDA is the body of a function, and it has no "return"', { repair });
      } else if (!isBody(script) && onlyDeclares(text)) {
        yield at(step, field, 'The script declares a function but does not call it');
      }
    }
  },
};

const absentObject: WorkflowRule = {
  id: 'absent-object',
  severity: 'warning',
  summary: 'a script uses an object that the script engine of the server does not have',
  reason:
    'The engine is GraalJS without the objects of browsers and Node. The script throws a ReferenceError, and the task fails without a retry.',
  repair: 'Remove it. For a call use an HTTP task, for a pause a WAIT task, and for anything else a worker.',
  *check(subject) {
    for (const { step, field, text } of scripts(subject)) {
      for (const name of absentObjects(text)) {
        const repair = name === 'console' || name.startsWith('print') ? 'Remove it: a script cannot log.' : undefined;
        yield at(step, field, `The script uses "${name}", which the server does not have`, { repair });
      }
    }
  },
};

const endlessScript: WorkflowRule = {
  id: 'endless-script',
  severity: 'error',
  summary: 'a script contains an endless loop',
  reason:
    'The task fails after 4 seconds, but the server cannot stop the script: it uses a whole CPU core until the server restarts.',
  repair: 'End the loop with a condition or a break.',
  *check(subject) {
    for (const script of scripts(subject)) {
      const code = codeOf(script.text);
      const loops = /\bwhile\s*\(\s*(?:true|1|!0)\s*\)|\bfor\s*\(\s*;\s*(?:true\s*)?;[^)]*\)/.test(code);
      if (loops && !/\b(?:break|return|throw)\b/.test(code))
        yield at(script.step, script.field, 'A loop in the script never ends');
    }
  },
};

const unknownScriptInput: WorkflowRule = {
  id: 'unknown-script-input',
  severity: 'warning',
  summary: 'a script reads an input that the task does not have',
  reason:
    'The input is null in INLINE and undefined in a condition. If the script reads a field of the input, the task fails without a retry.',
  repair: 'Add the input to inputParameters, or correct its name.',
  *check(subject) {
    for (const script of scripts(subject)) {
      const has = inputsOf(script.step, subject);
      if (/\(\s*\$\s*[,)]\s*(?:=>|\{)|\bfunction\b[^(]*\([^)]*\$/.test(script.text)) continue; // a function in the script has a parameter `$`
      for (const name of readNames(script.text)) {
        if (!has.has(name))
          yield at(
            script.step,
            script.field,
            `The script reads $.${name}, which is not an input of "${script.step.ref}"`,
          );
      }
    }
  },
};

/** The names that a script can read from `$`: the inputs of the task. In a loop condition, also the loop and its tasks. */
function inputsOf(step: LintedTask, { steps, known }: Subject): ReadonlySet<string> {
  const template = objectOf(taskDefOf(step, known)?.inputTemplate);
  const names = new Set([...Object.keys(step.input), ...Object.keys(template)]);
  if (step.type !== 'DO_WHILE') return names;
  names.add(step.ref);
  if (isOverItems(step)) names.add('loopItem').add('loopIndex');
  for (const other of steps) if (other.pointer.startsWith(`${step.pointer}/`)) names.add(other.ref);
  return names;
}

/** Rules about JavaScript in definitions. */
export const scriptRules: readonly WorkflowRule[] = [
  scriptMissing,
  unknownEvaluator,
  expressionInScript,
  valueInScript,
  scriptSyntax,
  scriptWithoutValue,
  absentObject,
  endlessScript,
  unknownScriptInput,
];
