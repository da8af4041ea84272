import { Script } from 'node:vm';
import { taskType } from '../../core/conductor/task-types.ts';
import { type LintedTask, textOf } from './subject.ts';

/** The JavaScript that the server evaluates for a task. */
export interface TaskScript {
  readonly step: LintedTask;
  /** JSON pointer to the script, relative to the task. */
  readonly field: string;
  readonly text: string;
  /** The JavaScript that the server makes of the text and evaluates. */
  readonly evaluated: string;
  /** True if the server replaces `${…}` in the script before it evaluates the script. */
  readonly substituted: boolean;
}

const JAVASCRIPT = ['javascript', 'graaljs', ''];
/** The scripts whose language an `evaluatorType` names. The other scripts are always JavaScript. */
const CHOOSES_EVALUATOR = /\/expression$/;

/** The script of a task; undefined if the task has no script, or if the script is known only at run time. */
export function scriptOf(step: LintedTask): TaskScript | undefined {
  const { script: field, scriptIsBody } = taskType(step.type) ?? {};
  if (field === undefined) return undefined;
  const substituted = field.startsWith('/inputParameters/');
  const holder = substituted ? step.input : step.task;
  const text = textOf(holder[field.slice(field.lastIndexOf('/') + 1)]);
  const isJavaScript = !CHOOSES_EVALUATOR.test(field) || JAVASCRIPT.includes(textOf(holder.evaluatorType));
  if (text === '' || !isJavaScript || (substituted && /^\$\{[^}]*\}$/.test(text))) return undefined;
  const code = substituted ? text.replaceAll('$${', '${') : text;
  const evaluated = scriptIsBody ? `function scriptFun(){${code}} scriptFun();` : code;
  return { step, field, text, evaluated, substituted };
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

/** True if a function body returns nothing: a script outside of a function could not contain its `return`. */
export function returnsNothing(body: string): boolean {
  return syntaxErrorOf(body) === undefined;
}

/** True if a script only declares one function and never calls it. */
export function onlyDeclares(text: string): boolean {
  const code = text.replace(/[\s;]*$/, '');
  if (!/^\s*(?:async\s+)?function\b/.test(code) || syntaxErrorOf(code) !== undefined) return false;
  // One function and nothing after it is an expression, but "()" after its declaration is a syntax error.
  return syntaxErrorOf(`(${code}\n)`) === undefined && syntaxErrorOf(`${code}()`) !== undefined;
}

/**
 * Objects of browsers, of Node and of other script engines that the server's GraalJS does not have, as the real server shows. It has the language
 * itself (Math, JSON, Date, RegExp, Map, Promise, Intl, …) and nothing else.
 */
const ABSENT =
  `console print printErr load read readline readbuffer quit exit require module exports process Buffer global window document self navigator
  location fetch XMLHttpRequest setTimeout setInterval setImmediate clearTimeout clearInterval queueMicrotask structuredClone atob btoa
  TextEncoder TextDecoder URL URLSearchParams crypto performance AbortController Blob FormData Headers Request Response WebSocket
  localStorage sessionStorage alert confirm prompt __dirname __filename Java Packages JavaImporter java javax WebAssembly Temporal Deno Bun
  lodash _ moment axios uuid jQuery`.split(/\s+/);

/** The absent objects that a script uses and neither declares nor looks for with `typeof`. */
export function absentObjects(text: string): string[] {
  const code = codeOf(text);
  return ABSENT.filter((name) => {
    const use = new RegExp(`(?<![\\w$.])${name}\\s*(?:\\?\\.)?[.([]|\\bnew\\s+${name}\\b`);
    return use.test(code) && !declares(code, name);
  });
}

/** True if the script has something of its own with this name, or asks whether it exists. */
function declares(code: string, name: string): boolean {
  const itself = [
    `\\b(?:var|let|const|function|class|typeof)\\s+${name}\\b`,
    `(?<![\\w$.])${name}\\s*=(?![=])`, // an assignment, also of a parameter or of `var a, name = 1`
    `(?<![\\w$.])${name}\\s*=>`,
    `[{[(,]\\s*${name}\\s*[,}\\])]`, // a parameter or a destructured name
    `(?<![\\w$.])${name}\\s*\\([^()]*\\)\\s*\\{`, // a method
  ];
  return itself.some((pattern) => new RegExp(pattern).test(code));
}
