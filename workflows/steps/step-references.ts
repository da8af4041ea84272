import { nearest } from '../../core/nearest.ts';
import { isReadable } from '../lint/expression-paths.ts';

/** A step that others can refer to, and where its values are on the server. */
export interface Produced {
  readonly id: string;
  /** Server paths by the names that references use: `body` is at `fetch.output.response.body`. */
  readonly fields: Readonly<Record<string, string>>;
  /** The path of what the step gives as a whole, `${fetch}`. */
  readonly whole?: string;
  /** The path below which every other name is. */
  readonly rest?: string;
}

/** The item, its index from 0 and the round from 1 of the loop around a step. */
export const LOOP_NAMES = ['item', 'index', 'round'] as const;

/** Names that begin a reference and are no step. */
export const RESERVED: readonly string[] = ['input', 'vars', 'secrets', 'env', 'workflow', 'variables', ...LOOP_NAMES];

/** What can be referred to in one place. */
export interface Scope {
  readonly visible: ReadonlyMap<string, Produced>;
  /** The id of the loop around it, if there is one; over a list or not. */
  readonly loop: { readonly id: string; readonly isOverItems: boolean } | undefined;
}

/** What is known of the whole design. */
export interface Names {
  /** Every id, also of what comes later. */
  readonly ids: ReadonlySet<string>;
  /** Everything a `set` step sets. */
  readonly variables: ReadonlySet<string>;
}

/** A reference as the server reads it, or what is wrong with it. */
export type Resolved = { readonly path: string } | { readonly problem: string };

/** Turns what stands in `${…}` in a step into the path the server has for it. */
export function resolve(reference: string, scope: Scope, names: Names): Resolved {
  const path = reference.trim();
  const [, head, rest = ''] = /^([A-Za-z_][\w-]*)(.*)$/s.exec(path) ?? [];
  if (head === undefined || !isReadable(path)) {
    return { problem: `\${${reference}} is no reference. Write \${id.name}; compute in a script or jq step.` };
  }
  if (head === 'input') return { path: `workflow.input${rest}` };
  if (head === 'secrets' || head === 'env') return { path: `workflow.${head}${rest}` };
  if (head === 'vars') return variable(path, rest, names);
  if (head === 'workflow') return ofWorkflow(path, rest, names);
  if (head === 'item' || head === 'index' || head === 'round') return ofLoop(head, rest, scope);
  const produced = scope.visible.get(head);
  return produced ? ofStep(path, produced, rest) : unknown(path, head, scope, names);
}

/** What there is to refer to, as the end of a sentence. */
export function choices({ visible, loop }: Scope): string {
  const steps = [...visible.values()].map(({ id, fields, rest }) => {
    const known = [...Object.keys(fields), ...(rest === undefined ? [] : ['…'])];
    return known.length === 0 ? id : `${id} (${known.join(', ')})`;
  });
  const round = loop ? [`round${loop.isOverItems ? ', item, index' : ''}`] : [];
  return ['input', ...round, ...steps].join(', ');
}

function variable(path: string, rest: string, { variables }: Names): Resolved {
  const name = /^\.([\w-]+)/.exec(rest)?.[1];
  if (name === undefined) return { problem: `\${${path}} needs the name of a variable: \${vars.name}.` };
  if (variables.has(name)) return { path: `workflow.variables${rest}` };
  const known = variables.size > 0 ? `Those that are set: ${[...variables].join(', ')}.` : 'A set step sets one.';
  return { problem: `no step sets the variable "${name}". ${known}` };
}

const OF_WORKFLOW = ['workflowId', 'correlationId', 'workflowType', 'version', 'secrets', 'env'];

/** Those who know the server write its own paths. */
function ofWorkflow(path: string, rest: string, names: Names): Resolved {
  const field = /^\.([\w-]+)/.exec(rest)?.[1] ?? '';
  if (field === 'input') return { path };
  if (field === 'variables') return variable(path, rest.slice('.variables'.length), names);
  if (OF_WORKFLOW.includes(field)) return { path };
  return { problem: `\${${path}}: of the workflow there are input, variables, ${OF_WORKFLOW.join(', ')}.` };
}

function ofLoop(head: (typeof LOOP_NAMES)[number], rest: string, { loop }: Scope): Resolved {
  if (!loop) return { problem: `\${${head}${rest}} is there inside the steps of a loop only.` };
  if (head === 'round') return { path: `${loop.id}.output.iteration` };
  if (!loop.isOverItems) return { problem: `\${${head}${rest}}: the loop "${loop.id}" is not over a list.` };
  return { path: head === 'index' ? `${loop.id}.output.loopIndex` : `${loop.id}.output.loopItem${rest}` };
}

function ofStep(path: string, { id, fields, whole, rest: open }: Produced, rest: string): Resolved {
  const [, name, below = ''] = /^\.([\w-]+)(.*)$/s.exec(rest) ?? [];
  if (name === undefined) {
    return whole === undefined ? { problem: `\${${path}}: ${giving(id, fields)}` } : { path: `${whole}${rest}` };
  }
  if (name === 'output' || name === 'taskId') return { path };
  if (name === 'taskStatus') return { path: `${id}.status` };
  const field = Object.hasOwn(fields, name) ? fields[name] : undefined;
  if (field !== undefined) return { path: `${field}${below}` };
  if (open !== undefined) return { path: `${open}${rest}` };
  const only = fields.body === undefined ? '' : ` Write \${${id}.body.${name}${below}} for what it answers.`;
  return { problem: `\${${path}}: ${giving(id, fields)}${only}` };
}

function giving(id: string, fields: Readonly<Record<string, string>>): string {
  const names = Object.keys(fields);
  return names.length > 0 ? `"${id}" gives ${names.join(', ')}.` : `"${id}" gives nothing to refer to.`;
}

function unknown(path: string, head: string, scope: Scope, { ids }: Names): Resolved {
  const problem = `\${${path}}: `;
  if (ids.has(head)) {
    return { problem: `${problem}"${head}" has not run by then. Here there are ${choices(scope)}.` };
  }
  const near = nearest(head, [...scope.visible.keys(), ...RESERVED.slice(0, 4)]);
  const hint = near ? ` Did you mean \${${near}${path.slice(head.length)}}?` : '';
  return { problem: `${problem}there is no step "${head}".${hint} Here there are ${choices(scope)}.` };
}
