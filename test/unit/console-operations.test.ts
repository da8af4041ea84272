import { describe, expect, test } from 'vitest';
import { limitAsk, pauseAsk, resumeAsk, toggleAsk } from '../../console/pages/fleet/asks.ts';
import { isPaused, lookOf, serving } from '../../console/pages/fleet/words.ts';
import { pauseAsk as pauseSchedule } from '../../console/pages/schedules/asks.ts';
import { cronWords } from '../../console/pages/schedules/cron-words.ts';
import type { ProcessRow, TypeRow } from '../../console/shared/fleet.ts';
import { queueStates } from '../../core/conductor/read-queues.ts';

const served = (name: string, changes = {}) => ({
  name,
  domain: '',
  state: 'polling',
  running: 0,
  limit: 5,
  ...changes,
});
const process = (id: string, types: ProcessRow['types']): ProcessRow => ({
  ...{ id, state: 'running', startedAt: 1, running: 0, limit: 50, rejected: [], polled: [] },
  types,
});

describe('the words of the fleet', () => {
  test('every state of a queue for workers has words', () => {
    for (const state of queueStates.filter((one) => one !== 'server')) expect(lookOf({ state }).means).not.toBe('');
    expect(lookOf({ state: 'new_state' })).toMatchObject({ word: 'new_state', isCalm: true });
  });

  test('a process serves a queue only in the same domain', () => {
    const type: TypeRow = { id: 'canary:a', type: 'a', domain: 'canary', state: 'idle', waiting: 0, hidden: 0 };
    const both = [process('p1', [served('a')]), process('p2', [served('a', { domain: 'canary' })])];
    expect(serving(both, type).map(({ id }) => id)).toEqual(['p2']);
  });

  test('a pause says how many running tasks continue, and that it lasts as long as the process', () => {
    const processes = [process('p1', [served('a', { running: 2 })]), process('p2', [served('a', { running: 1 })])];
    const { args, does, title } = pauseAsk({ processes, type: 'a', isAll: true });
    expect([title, args]).toEqual(['Pause a?', { action: 'pause', taskType: 'a' }]);
    expect(does.join(' ')).toMatch(/2 processes .* take no more tasks of a.*3 running tasks .*until the process ends/);
  });

  test('the one button resumes what is paused everywhere, and else pauses', () => {
    const [paused, active] = [process('p1', [served('a', { state: 'paused' })]), process('p2', [served('a')])];
    expect(isPaused(paused, 'b')).toBe(false);
    expect(toggleAsk({ processes: [paused], type: 'a' })).toEqual(resumeAsk({ processes: [paused], type: 'a' }));
    expect(toggleAsk({ processes: [paused, active], type: 'a' }).button).toBe('Pause');
  });

  test('a lower limit says what happens to the tasks above it', () => {
    const target = { processes: [process('p1', [served('a')])], type: 'a' };
    expect(limitAsk(target, 5, 2)).toMatchObject({
      args: { action: 'set_limit', limit: 2, taskType: 'a', workerId: 'p1' },
      does: expect.arrayContaining([expect.stringContaining('also those above the limit')]),
    });
    expect(limitAsk(target, 5, 9).does.join(' ')).not.toContain('above the limit');
  });
});

describe('schedules', () => {
  test.each([
    ['0 0 21 * * *', 'every day at 21:00'],
    ['30 5 9 * * ?', 'every day at 09:05:30'],
    ['0 0 9 ? * MON-FRI', 'Monday to Friday at 09:00'],
    ['0 15 7 * * MON,THU', 'every Monday and Thursday at 07:15'],
    ['0 0 8 1 * *', 'on day 1 of every month at 08:00'],
    ['0 */5 * * * *', 'every 5 minutes'],
    ['0 0/1 * * * *', 'every minute'],
    ['*/10 * * * * *', 'every 10 seconds'],
    ['0 0 * * * *', 'every hour, at minute 0'],
    ['0 20 */6 * * *', 'every 6 hours, at minute 20'],
  ])('%s is %s', (cron, words) => {
    expect(cronWords(cron)).toBe(words);
  });

  test.each([
    '',
    'nonsense',
    '0 0 9 L * *',
    '0 0 9 * 3 *',
    '0 0 9-17 * * *',
    '0 0 9 1 * MON',
    '0 0 9 ? * FOO',
    '@daily',
  ])('%j has no simple words', (cron) => {
    expect(cronWords(cron)).toBeUndefined();
  });

  test('a schedule that is kept in code warns that the next apply undoes a pause', () => {
    const row = { id: 'd', workflow: 'w', cron: '', zone: 'UTC', paused: false, next: [], last: [], managedBy: 'shop' };
    expect(pauseSchedule(row, 0)).toMatchObject({ button: 'Pause', args: { name: 'd', action: 'pause' } });
    expect(pauseSchedule(row, 0).does.join(' ')).toContain('fleet apply');
    expect(pauseSchedule({ ...row, paused: true }, 0)).toMatchObject({ button: 'Resume', args: { action: 'resume' } });
  });
});
