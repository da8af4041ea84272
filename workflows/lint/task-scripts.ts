import { Script } from 'node:vm';
import { taskType } from '../../core/conductor/task-types.ts';
import { type LintedTask, textOf } from './subject.ts';

/** The JavaScript that the server evaluates for a task. */
export interface TaskScript {
  readonly step: LintedTask;
  /** JSON pointer to the script, relative to the task. */
  readonly field: string;
  readonly text: string;
  /** True if the server replaces `${…}` in the script before it evaluates the script. */
  readonly substituted: boolean;
}

const JAVASCRIPT = ['javascript', 'graaljs', ''];

/** The script of a task; undefined if the task has no script, or if the script is known only at run time. */
export function scriptOf(step: LintedTask): TaskScript | undefined {
  const field = taskType(step.type)?.script;
  if (field === undefined) return undefined;
  const substituted = field.startsWith('/inputParameters/');
  const holder = substituted ? step.input : step.task;
  const text = textOf(holder[field.slice(field.lastIndexOf('/') + 1)]);
  const isJavaScript = JAVASCRIPT.includes(textOf(holder.evaluatorType));
  if (text === '' || !isJavaScript || (substituted && /^\$\{[^}]*\}$/.test(text))) return undefined;
  return { step, field, text, substituted };
}

const parsed = new Map<string, string | undefined>();
const PARSED_LIMIT = 5_000;

/** The syntax error of a script; undefined if there is none. The script is parsed, but never run. */
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

/** Empties the strings of a script and removes its comments, so that a pattern finds only code. */
export function codeOf(text: string): string {
  return text.replace(
    /\/\*[\s\S]*?\*\/|\/\/[^\n]*|'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`/g,
    (found) => (found.startsWith('/') ? ' ' : '""'),
  );
}

/** The names that a script reads from `$`: `$.a` and `$['a']`, without calls such as `$.a()`. */
export function readNames(text: string): string[] {
  const plain = [...codeOf(text).matchAll(/(?<![\w$.])\$\??\.([A-Za-z_$][\w$]*)(?!\s*\()(?![\w$])/g)];
  const quoted = [...text.matchAll(/(?<![\w$.])\$\[\s*(['"])([^'"]+)\1\s*\]/g)];
  return [...new Set([...plain.map(([, name = '']) => name), ...quoted.map(([, , name = '']) => name)])];
}
