import type { WorkflowTask } from '../../../core/conductor/types.ts';
import { isObject } from '../../../core/json.ts';
import { array, type Code, call, object } from '../code/code.ts';
import { literal } from '../code/literals.ts';
import { wired } from '../expressions/wire.ts';
import { branch } from './branch.ts';
import type { Built } from './built.ts';
import { tasksOf } from './flow.ts';
import type { Place } from './sequence.ts';

/** A task as it is. Unless every letter of it is needed, its references are typed and so are the tasks inside it. */
export function raw(task: WorkflowTask, place: Place): Built {
  const { writer, visible } = place;
  const { taskReferenceName: ref, ...rest } = task;
  writer.asTheyAre.push(ref);
  const isLiteral = writer.grade(ref) === 'literal';
  const refer = writer.refer(visible);
  const fields = Object.entries(rest).map(([key, value]): [string, Code] => {
    if (isLiteral) return [key, literal(value)];
    if (key === 'inputParameters' || key === 'items') return [key, wired(value, refer)];
    return [key, nested(key, value, place) ?? literal(value)];
  });
  const uses = writer.usesOf(`${ref}.output`);
  const output = writer.inferred(`${ref}.output`);
  const isRead = uses.some((use) => !use.isLeaf);
  return { method: 'json', args: [object(fields, true), ...(isRead ? [output.code] : [])], output: output.schema };
}

function nested(key: string, value: unknown, place: Place): Code | undefined {
  const inside = (tasks: unknown, name: 'branch' | 'otherwise' | 'loop'): Code => {
    const { arrow } = branch(tasksOf(tasks), place, { name, returns: 'nothing' });
    return call(place.param.method('sequence'), [arrow]);
  };
  if (key === 'decisionCases' && isObject(value)) {
    return object(
      Object.entries(value).map(([name, tasks]) => [name, inside(tasks, 'branch')] as const),
      true,
    );
  }
  if (key === 'forkTasks' && Array.isArray(value)) {
    return array(value.map((tasks) => inside(tasks, 'branch')));
  }
  if (key === 'defaultCase') return inside(value, 'otherwise');
  if (key === 'loopOver') return inside(value, 'loop');
  return undefined;
}
