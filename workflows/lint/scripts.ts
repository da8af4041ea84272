import { Script } from 'node:vm';
import { isDynamic, type Step, textOf } from './subject.ts';

/** JavaScript that the server evaluates for a task. */
export interface TaskScript {
  readonly step: Step;
  /** JSON pointer from the task on. */
  readonly field: string;
  readonly text: string;
  /** True where the server puts values in the place of `${…}` before it evaluates the text. */
  readonly substituted: boolean;
}

const JAVASCRIPT = ['javascript', 'graaljs', ''];

/** The scripts of a task. Where a script is chosen at run time there is nothing to look at. */
export function scriptsOf(step: Step): TaskScript[] {
  const { task, input, type } = step;
  const script = (field: string, value: unknown, substituted: boolean): TaskScript[] => {
    const text = textOf(value);
    return text === '' || (substituted && /^\$\{[^}]*\}$/.test(text)) ? [] : [{ step, field, text, substituted }];
  };
  const isJavaScript = (evaluator: unknown) => JAVASCRIPT.includes(textOf(evaluator)) && !isDynamic(evaluator);
  switch (type) {
    case 'INLINE':
      return isJavaScript(input.evaluatorType) ? script('/inputParameters/expression', input.expression, true) : [];
    case 'LAMBDA':
      return script('/inputParameters/scriptExpression', input.scriptExpression, true);
    case 'SWITCH':
      return isJavaScript(task.evaluatorType) ? script('/expression', task.expression, false) : [];
    case 'DECISION':
      return script('/caseExpression', task.caseExpression, false);
    case 'DO_WHILE':
      return script('/loopCondition', task.loopCondition, false);
    default:
      return [];
  }
}

const parsed = new Map<string, string | undefined>();
const PARSED_LIMIT = 5_000;

/** What is wrong with the syntax of a script, if anything. It is parsed, never run. */
export function syntaxErrorOf(text: string): string | undefined {
  if (parsed.has(text)) return parsed.get(text);
  if (parsed.size >= PARSED_LIMIT) parsed.clear();
  const error = parse(text);
  parsed.set(text, error);
  return error;
}

function parse(text: string): string | undefined {
  try {
    new Script(text, { filename: 'script' });
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** A script without what stands in its comments and quotes, so that a pattern finds code only. */
export function codeOf(text: string): string {
  return text.replace(
    /\/\*[\s\S]*?\*\/|\/\/[^\n]*|'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`/g,
    (found) => (found.startsWith('/') ? ' ' : '""'),
  );
}

/** The names that a script reads from `$`: `$.a` and `$['a']`. What it calls on `$` itself is not among them. */
export function readNames(text: string): string[] {
  const plain = [...codeOf(text).matchAll(/(?<![\w$.])\$\??\.([A-Za-z_$][\w$]*)(?!\s*\()(?![\w$])/g)];
  const quoted = [...text.matchAll(/(?<![\w$.])\$\[\s*(['"])([^'"]+)\1\s*\]/g)];
  return [...new Set([...plain.map(([, name = '']) => name), ...quoted.map(([, , name = '']) => name)])];
}
