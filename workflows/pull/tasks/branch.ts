import type { WorkflowTask } from '../../../core/conductor/types.ts';
import { walk } from '../../model/walk.ts';
import { type Arrow, object, type Statement, text } from '../code/code.ts';
import { memberAccess } from '../code/literals.ts';
import { type Source, stepRoot, Visible } from '../expressions/scope.ts';
import type { Brought } from './built.ts';
import { Param, type Place, sequence } from './sequence.ts';

export interface Branch {
  arrow: Arrow;
  /** What it returns, seen from what the branch's result is called. */
  brings: readonly Brought[];
}

export interface BranchOptions {
  /** What its parameter is called. */
  name: 'branch' | 'loop' | 'otherwise';
  /** What it may return: one step, several in an object, or nothing that anybody could look at. */
  returns: 'step' | 'steps' | 'nothing';
  /** A second parameter: the code of a path that has a name of its own inside. */
  second?: { path: string; name: 'round'; schema: Source['schema'] };
}

const MOST = { nothing: 0, step: 1, steps: Number.POSITIVE_INFINITY };

/** The function that adds the tasks of a branch. It returns the steps that something behind the branch refers to. */
export function branch(tasks: readonly WorkflowTask[], { writer, visible }: Place, options: BranchOptions): Branch {
  const inside = new Visible(visible);
  const param = new Param(inside.parameter(options.name));
  const second = options.second && new Param(inside.parameter(options.second.name));
  if (options.second && second) {
    const use = () => {
      second.used = true;
    };
    inside.addPath(options.second.path, { code: second.name, schema: options.second.schema, use });
  }
  const body = sequence(tasks, { writer, visible: inside, param });
  const refs = [...walk(tasks)].map(({ task }) => task.taskReferenceName);
  const returned = writer
    .usedOutside(refs)
    .flatMap((ref) => {
      const source = inside.find(stepRoot(ref));
      return source ? [{ ref, source }] : [];
    })
    .slice(0, MOST[options.returns]);
  const params = () =>
    `(${[...(param.used || second?.used ? [param.name] : []), ...(second?.used ? [second.name] : [])].join(', ')})`;
  return { arrow: { kind: 'arrow', params, body: [...withReturn(body, returned)] }, brings: broughtBy(returned) };
}

type Returned = readonly { ref: string; source: Source }[];

function withReturn(body: readonly Statement[], returned: Returned): readonly Statement[] {
  const [only] = returned;
  if (!only) return body;
  const last = body.at(-1);
  if (returned.length === 1 && last?.kind === 'const' && last.name === only.source.code) {
    return [...body.slice(0, -1), { kind: 'return', value: last.value }];
  }
  for (const { source } of returned) source.use();
  const value =
    returned.length === 1
      ? text(only.source.code)
      : object(returned.map(({ source }) => [keyOf(source), text(source.code)] as const));
  return [...body, { kind: 'return', value }];
}

function broughtBy(returned: Returned): Brought[] {
  const several = returned.length > 1;
  return returned.map(({ ref, source }) => ({
    ref,
    code: several ? memberAccess(keyOf(source)) : '',
    schema: source.schema,
  }));
}

/** The step's own name, also where a branch inside has brought it. */
function keyOf({ code }: Source): string {
  return code.replaceAll(/[^\w$]+/g, '_');
}
