import { syntaxErrorOf } from '../lint/task-scripts.ts';

/** JavaScript in which inputs replace the references, or the problem of the script. */
export type CompiledScript =
  | { readonly code: string; readonly inputs: Readonly<Record<string, string>> }
  | { problem: string };

/** Finds comments, quoted strings, and references. */
const PARTS = /\/\*[\s\S]*?\*\/|\/\/[^\n]*|'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`|\$\{([^{}]*)\}/g;

/**
 * Replaces every `${…}` in a script by an input. So a value never becomes a part of the script: a quote in the value could break the script
 * or run as code.
 * @param isTaken true if an input cannot have this name
 */
export function withInputs(text: string, isTaken: (name: string) => boolean): CompiledScript {
  const names = new Map<string, string>();
  let problem: string | undefined;
  let number = 0;
  const nameOf = (reference: string) => {
    let name = names.get(reference);
    if (name === undefined) {
      do number += 1;
      while (isTaken(`value_${number}`));
      name = `value_${number}`;
      names.set(reference, name);
    }
    return name;
  };
  const code = text.replaceAll(PARTS, (found, reference: string | undefined) => {
    if (reference !== undefined) return `$.${nameOf(reference.trim())}`;
    if (found.includes('${')) problem ??= inQuotes(found);
    return found;
  });
  if (problem !== undefined) return { problem };
  const inputs = Object.fromEntries([...names].map(([reference, name]) => [name, `\${${reference}}`]));
  return { code, inputs };
}

function inQuotes(found: string): string {
  return found.startsWith('`')
    ? 'it contains ${…} in backticks, which the server would read as a reference. Join strings with +.'
    : `${found.slice(0, 60)} contains a reference in quotes. Write the reference without quotes, because it is a value.`;
}

/** Brings a script into the form in which the server returns its value. If the script has a syntax error, returns this error. */
export function valueScript(code: string): { expression: string } | { problem: string } {
  const asExpression = expression(code);
  if ('expression' in asExpression) return asExpression;
  if (syntaxErrorOf(code) === undefined) return { expression: code };
  const body = `(function () {\n${code}\n})()`;
  return syntaxErrorOf(body) === undefined ? { expression: body } : asExpression;
}

/** Checks a single expression, such as a condition. Returns the expression or its syntax error. */
export function expression(code: string): { expression: string } | { problem: string } {
  const written = /\/\//.test(code) ? `(${code}\n)` : `(${code})`;
  const error = syntaxErrorOf(written);
  return error === undefined ? { expression: written } : { problem: `it is not valid JavaScript: ${error}.` };
}
