import { nearest } from '../../core/nearest.ts';
import { isReadable } from '../lint/expression-paths.ts';

/** A step to which other steps can refer, with the paths by which the server reads its values. */
export interface Produced {
  readonly id: string;
  /** The paths on the server, by the names in references. For example, `body` has the path `fetch.output.response.body`. */
  readonly fields: Readonly<Record<string, string>>;
  /** The path of the whole result, for a reference such as `${fetch}`. */
  readonly whole?: string;
  /** The path below which the server has the names that `fields` does not list. */
  readonly rest?: string;
}

/** The names by which a step refers to the loop around it: the item, the index of the item (from 0) and the round (from 1). */
export const LOOP_NAMES = ['item', 'index', 'round'] as const;

/** The names that can begin a reference but are not steps. */
export const RESERVED: readonly string[] = ['input', 'vars', 'secrets', 'env', 'workflow', 'variables', ...LOOP_NAMES];

/** The steps and the loop to which a step at one place can refer. */
export interface ReferenceScope {
  readonly visible: ReadonlyMap<string, Produced>;
  /** The loop around this place, if there is one. */
  readonly loop: { readonly id: string; readonly isOverItems: boolean } | undefined;
}

/** The names in the whole design. */
export interface Names {
  /** The ids of all steps, including later steps. */
  readonly ids: ReadonlySet<string>;
  /** The variables of all `set` steps. */
  readonly variables: ReadonlySet<string>;
}

/** The path by which the server reads a reference, or the problem of the reference. */
export type Resolved = { readonly path: string } | { readonly problem: string };

/** Translates the text inside `${…}` of a step to the path that the server reads. */
export function resolve(reference: string, scope: ReferenceScope, names: Names): Resolved {
  const path = reference.trim();
  const [, head, rest = ''] = /^([A-Za-z_][\w-]*)(.*)$/s.exec(path) ?? [];
  if (head === undefined || !isReadable(path)) {
    return { problem: `\${${reference}} is not a reference. Write \${id.name}, and compute in a script or jq step.` };
  }
  if (head === 'input') return { path: `workflow.input${rest}` };
  if (head === 'secrets' || head === 'env') return { path: `workflow.${head}${rest}` };
  if (head === 'vars') return variable(path, rest, names);
  if (head === 'workflow') return ofWorkflow(path, rest, names);
  if (head === 'item' || head === 'index' || head === 'round') return ofLoop(head, rest, scope);
  const produced = scope.visible.get(head);
  return produced ? ofStep(path, produced, rest) : unknown(path, head, scope, names);
}

/** Lists the names to which a step can refer, as the end of a sentence. */
export function choices({ visible, loop }: ReferenceScope): string {
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
  const known = variables.size > 0 ? `The variables are ${[...variables].join(', ')}.` : 'Add a set step for it.';
  return { problem: `no step sets the variable "${name}". ${known}` };
}

const OF_WORKFLOW = ['workflowId', 'correlationId', 'workflowType', 'version', 'secrets', 'env'];

/** Accepts also paths as the server itself writes them. */
function ofWorkflow(path: string, rest: string, names: Names): Resolved {
  const field = /^\.([\w-]+)/.exec(rest)?.[1] ?? '';
  if (field === 'input') return { path };
  if (field === 'variables') return variable(path, rest.slice('.variables'.length), names);
  if (OF_WORKFLOW.includes(field)) return { path };
  return { problem: `\${${path}}: the workflow has input, variables, ${OF_WORKFLOW.join(', ')}.` };
}

function ofLoop(head: (typeof LOOP_NAMES)[number], rest: string, { loop }: ReferenceScope): Resolved {
  if (!loop) return { problem: `\${${head}${rest}} exists only in the steps of a loop.` };
  if (head === 'round') return { path: `${loop.id}.output.iteration` };
  if (!loop.isOverItems) return { problem: `\${${head}${rest}}: the loop "${loop.id}" does not run over a list.` };
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
  const only = fields.body === undefined ? '' : ` To read its answer, write \${${id}.body.${name}${below}}.`;
  return { problem: `\${${path}}: ${giving(id, fields)}${only}` };
}

function giving(id: string, fields: Readonly<Record<string, string>>): string {
  const names = Object.keys(fields);
  return names.length > 0 ? `"${id}" has ${names.join(', ')}.` : `"${id}" has no result.`;
}

function unknown(path: string, head: string, scope: ReferenceScope, { ids }: Names): Resolved {
  const problem = `\${${path}}: `;
  if (ids.has(head)) {
    return { problem: `${problem}"${head}" has not run yet at this step. Available here: ${choices(scope)}.` };
  }
  const near = nearest(head, [...scope.visible.keys(), ...RESERVED.slice(0, 4)]);
  const hint = near ? ` Did you mean \${${near}${path.slice(head.length)}}?` : '';
  return { problem: `${problem}there is no step "${head}".${hint} Available here: ${choices(scope)}.` };
}
