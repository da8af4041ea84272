import { syntaxErrorOf } from '../lint/task-scripts.ts';

/** JavaScript or its mistake: what was referred to in it has become inputs of its task. */
export type CompiledScript =
  | { readonly code: string; readonly inputs: Readonly<Record<string, string>> }
  | { problem: string };

/** Comments, texts in quotes, and references. */
const PARTS = /\/\*[\s\S]*?\*\/|\/\/[^\n]*|'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`|\$\{([^{}]*)\}/g;

/**
 * Puts an input in the place of every `${…}` in a script. A value never becomes part of the text, where a quote in it would break the
 * script, or run.
 * @param isTaken says which names inputs must not have
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
    ? 'it holds ${…} in backticks, which the server would take for a reference; join texts with +.'
    : `${found.slice(0, 60)} holds a reference in quotes; write it without them, it is a value of its own.`;
}

/** A script in the form in which the server gives back its value, or what is wrong with its syntax. */
export function valueScript(code: string): { expression: string } | { problem: string } {
  const asExpression = expression(code);
  if ('expression' in asExpression) return asExpression;
  if (syntaxErrorOf(code) === undefined) return { expression: code };
  const body = `(function () {\n${code}\n})()`;
  return syntaxErrorOf(body) === undefined ? { expression: body } : asExpression;
}

/** The same for what has to be one expression, such as a condition. */
export function expression(code: string): { expression: string } | { problem: string } {
  const written = /\/\//.test(code) ? `(${code}\n)` : `(${code})`;
  const error = syntaxErrorOf(written);
  return error === undefined ? { expression: written } : { problem: `it cannot be read as JavaScript: ${error}.` };
}
