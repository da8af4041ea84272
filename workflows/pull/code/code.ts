/** TypeScript that is to be written, as far as a pulled definition needs it. */
export type Code = Text | ObjectCode | ArrayCode | Call | Chain | Arrow;

/** Anything that stands on one line as it is; a template literal may have several. */
export interface Text {
  kind: 'text';
  text: string;
}

export interface ObjectCode {
  kind: 'object';
  entries: readonly (readonly [key: string, value: Code])[];
  /** One entry per line, even where all of them would fit on one. */
  expanded?: boolean;
}

export interface ArrayCode {
  kind: 'array';
  items: readonly Code[];
}

export interface Call {
  kind: 'call';
  callee: string;
  args: readonly Code[];
  /** What in the definition it stands for: a compiler's complaint about it is traced to this. */
  mark?: string;
}

/** Calls of methods, one on the result of the other, e.g. `z.string().min(1).optional()`. */
export interface Chain {
  kind: 'chain';
  base: string;
  calls: readonly { method: string; args: readonly Code[] }[];
}

export interface Arrow {
  kind: 'arrow';
  /** Evaluated when it is printed: by then it is known which of them the body uses. */
  params: () => string;
  body: readonly Statement[];
}

export type Statement =
  | { kind: 'expression'; value: Code }
  /** Without a name, or with one that nothing uses when it is printed, it is a mere expression. */
  | { kind: 'const'; name: string; used: () => boolean; value: Code }
  | { kind: 'return'; value: Code; mark?: string }
  /** The default export: `defineWorkflow({…}).build((wf, input) => {…})`. */
  | { kind: 'build'; define: Call; build: Arrow };

export function text(value: string): Text {
  return { kind: 'text', text: value };
}

export function object(entries: ObjectCode['entries'], expanded = false): ObjectCode {
  return { kind: 'object', entries, expanded };
}

export function array(items: readonly Code[]): ArrayCode {
  return { kind: 'array', items };
}

export function call(callee: string, args: readonly Code[], mark?: string): Call {
  return { kind: 'call', callee, args, ...(mark !== undefined && { mark }) };
}

/** `code.method(…)`, where `code` is a call or a chain of calls. */
export function method(code: Code, name: string, args: readonly Code[]): Chain {
  const next = { method: name, args };
  if (code.kind === 'chain') return { ...code, calls: [...code.calls, next] };
  if (code.kind !== 'call') throw new TypeError(`Nothing to call ${name} on.`);
  const dot = code.callee.lastIndexOf('.');
  const first = { method: code.callee.slice(dot + 1), args: code.args };
  return { kind: 'chain', base: code.callee.slice(0, dot), calls: [first, next] };
}
