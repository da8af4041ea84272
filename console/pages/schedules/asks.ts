import type { Ask } from '../../parts/act/confirm.ts';
import { when } from '../../parts/show/format.ts';
import type { ScheduleRow } from '../../shared/schedules.ts';

const codeNote = ({ managedBy }: ScheduleRow) =>
  managedBy === undefined ? [] : [`The fleet ${managedBy} defines it in code: the next \`fleet apply\` can undo this.`];

/** The question for the one button: resume a paused schedule, else pause it. */
export function pauseAsk(row: ScheduleRow, now: number): Ask {
  const { id: name, workflow, paused, next } = row;
  const [soonest] = next;
  const about = { tool: 'change_schedule', args: { name, action: paused ? 'resume' : 'pause' } };
  if (paused)
    return {
      ...about,
      title: `Resume ${name}?`,
      does: [
        `It starts ${workflow} again at its next time.`,
        'Times that passed meanwhile are not made up.',
        ...codeNote(row),
      ],
      button: 'Resume',
      done: `Resumed ${name}.`,
    };
  const skips = soonest === undefined ? [] : [`It would have fired next at ${when(soonest, now)}.`];
  return {
    ...about,
    title: `Pause ${name}?`,
    does: [
      `It starts no ${workflow} until it is resumed.`,
      ...skips,
      'Executions that run now continue.',
      ...codeNote(row),
    ],
    button: 'Pause',
    done: `Paused ${name}.`,
  };
}

export function runNowAsk({ id: name, workflow, version }: ScheduleRow): Ask {
  return {
    title: `Start ${workflow} now?`,
    does: [
      `${version === undefined ? 'The latest version' : `Version ${version}`} starts once, with the input of the schedule ${name}.`,
      'The times of the schedule stay as they are.',
    ],
    tool: 'change_schedule',
    args: { name, action: 'run_now' },
    button: 'Start',
    done: `Started ${workflow}.`,
  };
}
