import type { Ask } from '../../parts/act/confirm.ts';
import { count } from '../../parts/show/format.ts';
import type { ProcessRow } from '../../shared/fleet.ts';
import { isPaused } from './words.ts';

/** What an action is about: processes of this machine, and one task type or all. */
export interface Target {
  readonly processes: readonly ProcessRow[];
  readonly type?: string;
  /** True for every process of this machine that serves the type: then none is named. */
  readonly isAll?: boolean;
}

/** `ship_order in vm-12`, `ship_order`, `vm-12`. */
function nameOf({ processes: [first], type, isAll }: Target): string {
  if (isAll && type !== undefined) return type;
  return type === undefined ? (first?.id ?? '') : `${type} in ${first?.id ?? ''}`;
}

function argsOf({ processes: [first], type, isAll }: Target): Record<string, unknown> {
  return { ...(type !== undefined && { taskType: type }), ...(!isAll && first && { workerId: first.id }) };
}

const UNTIL_END = 'This lasts until the process ends. A restarted process polls again.';

export function pauseAsk(target: Target): Ask {
  const { processes, type } = target;
  const mine = processes.flatMap(({ types }) => types.filter(({ name }) => type === undefined || name === type));
  const running = mine.reduce((sum, one) => sum + one.running, 0);
  const who = count(processes.length, 'process', 'processes');
  const what = type === undefined ? `all ${count(mine.length, 'task type')}` : type;
  return {
    title: `Pause ${nameOf(target)}?`,
    does: [
      `${who} of this machine ${processes.length === 1 ? 'takes' : 'take'} no more tasks of ${what}.`,
      running > 0 ? `${count(running, 'running task')} will run to the end.` : 'No task of it runs now.',
      'New tasks wait in the queue, unless a process elsewhere takes them.',
      UNTIL_END,
    ],
    tool: 'change_workers',
    args: { action: 'pause', ...argsOf(target) },
    button: 'Pause',
    done: `Paused ${nameOf(target)}.`,
  };
}

export function resumeAsk(target: Target): Ask {
  const who = count(target.processes.length, 'process', 'processes');
  return {
    title: `Resume ${nameOf(target)}?`,
    does: [
      `${who} of this machine ${target.processes.length === 1 ? 'polls' : 'poll'} again at once, and ${target.processes.length === 1 ? 'takes' : 'take'} what waits.`,
    ],
    tool: 'change_workers',
    args: { action: 'resume', ...argsOf(target) },
    button: 'Resume',
    done: `Resumed ${nameOf(target)}.`,
  };
}

export function limitAsk(target: Target, now: number, limit: number): Ask {
  const what = target.type === undefined ? 'tasks' : `tasks of ${target.type}`;
  return {
    title: `Run at most ${limit.toLocaleString('en')} ${what} at once in ${target.processes[0]?.id ?? ''}?`,
    does: [
      `The limit is ${now.toLocaleString('en')} now.`,
      ...(limit < now ? ['Tasks that run now run to their end, also those above the limit.'] : []),
      UNTIL_END,
    ],
    tool: 'change_workers',
    args: { action: 'set_limit', limit, ...argsOf(target) },
    button: 'Set the limit',
    done: `${nameOf(target)} runs at most ${limit.toLocaleString('en')} at once.`,
  };
}

/** The question for the one button: resume what is paused, else pause it. */
export function toggleAsk(target: Target): Ask {
  return target.processes.every((process) => isPaused(process, target.type)) ? resumeAsk(target) : pauseAsk(target);
}
