import { describe, expect, test, vi } from 'vitest';
import type { Conductor } from '../../core/conductor/api.ts';
import { FleetError } from '../../core/errors.ts';
import { firingsOf, nextFirings } from '../../workflows/manage/next-firings.ts';

/** Times that the server's own parser computed: `CronExpression` of Spring 6.2.19. */
const SERVER: [cron: string, zone: string, after: string, times: string[]][] = [
  ['*/7 * * * * *', 'America/New_York', '2026-11-30T12:34:56', ['2026-11-30T12:35:00', '2026-11-30T12:35:07']],
  ['0 0 9 * * MON-FRI', 'Europe/Berlin', '2026-12-03T12:00:00', ['2026-12-04T08:00:00', '2026-12-07T08:00:00']],
  ['0 15 6,18 1-7 * sun', 'Asia/Kolkata', '2026-12-06T01:00:00', ['2026-12-06T12:45:00', '2027-01-03T00:45:00']],
  ['0 0 0 29 2 *', 'UTC', '2026-11-30T00:00:00', ['2028-02-29T00:00:00', '2032-02-29T00:00:00']],
  ['0 5/20 8-10 ? JAN,JUL *', 'UTC', '2026-11-30T00:00:00', ['2027-01-01T08:05:00', '2027-01-01T08:25:00']],
  ['@weekly', 'Africa/Cairo', '2026-11-30T00:00:00', ['2026-12-05T22:00:00', '2026-12-12T22:00:00']],
  ['@DAILY', 'Africa/Cairo', '2026-04-22T20:00:00', ['2026-04-22T22:00:00', '2026-04-24T21:00:00']],
  ['0 0 9 * * 7', 'UTC', '2026-11-30T00:00:00', ['2026-12-06T09:00:00', '2026-12-13T09:00:00']],
];

const LAST_NEAREST_AND_NTH: typeof SERVER = [
  ['0 0 0 L * *', 'UTC', '2027-01-31T00:00:00', ['2027-02-28T00:00:00', '2027-03-31T00:00:00']],
  ['0 0 0 LW * *', 'UTC', '2027-01-01T00:00:00', ['2027-01-29T00:00:00', '2027-02-26T00:00:00']],
  ['0 0 0 15W * *', 'UTC', '2027-04-20T00:00:00', ['2027-05-14T00:00:00', '2027-06-15T00:00:00']],
  ['0 0 9 * * FRIL', 'UTC', '2026-11-30T00:00:00', ['2026-12-25T09:00:00', '2027-01-29T09:00:00']],
  ['0 0 9 * * 5#2', 'UTC', '2026-11-30T00:00:00', ['2026-12-11T09:00:00', '2027-01-08T09:00:00']],
  ['0 0 9 ? * MON#5', 'UTC', '2026-11-30T12:00:00', ['2027-03-29T09:00:00', '2027-05-31T09:00:00']],
  ['0 0 9 13 * FRI', 'UTC', '2026-11-30T00:00:00', ['2027-08-13T09:00:00', '2028-10-13T09:00:00']],
];

const CHANGES_OF_CLOCKS: typeof SERVER = [
  ['0 30 2 * * *', 'America/New_York', '2026-03-07T12:00:00', ['2026-03-09T06:30:00', '2026-03-10T06:30:00']],
  ['0 30 1 * * *', 'America/New_York', '2026-10-31T12:00:00', ['2026-11-01T05:30:00', '2026-11-01T06:30:00']],
  ['0 */30 * * * *', 'Europe/Berlin', '2026-10-25T00:15:00', ['2026-10-25T00:30:00', '2026-10-25T01:00:00']],
  ['0 0 1-3 * * *', 'Europe/Berlin', '2026-03-29T00:00:00', ['2026-03-29T01:00:00', '2026-03-29T23:00:00']],
];

const epoch = (time: string) => Date.parse(`${time}Z`);

describe('firingsOf computes the same firings as the server', () => {
  test.each([...SERVER, ...LAST_NEAREST_AND_NTH, ...CHANGES_OF_CLOCKS])('%s in %s', (cron, zone, after, times) => {
    expect(firingsOf(cron, zone, epoch(after), 2)).toEqual(times.map(epoch));
  });

  test.each([
    '0 9 * * MON-FRI',
    '0 0 9 * * FRI-MON',
    '0 0 9 99 * *',
    '0 0 24 * * *',
    '0 0 9 * * MON#6',
    '0 0 9 1 1 ? 2027',
    '@reboot',
    '',
  ])('the server refuses %j, so it has no firings', (cron) => expect(firingsOf(cron, 'UTC', 0, 2)).toEqual([]));

  test('an expression for a date that does not exist has no firings', () =>
    expect(firingsOf('0 0 9 31 2 *', 'UTC', 0, 2)).toEqual([]));
});

describe('the next firings of a schedule', () => {
  const server = (times: number[]) => ({ nextFirings: async () => times }) as unknown as Conductor;
  const now = epoch('2026-11-30T00:00:00');
  const inZone = async (cron: string, zone: string, times: string[]) => {
    vi.setSystemTime(now);
    try {
      return await nextFirings(server(times.map(epoch)), 's', { cronExpression: cron, zoneId: zone }, 2);
    } finally {
      vi.useRealTimers();
    }
  };

  test('in UTC, the next firings are the times that the server returns', async () => {
    const times = ['2026-12-28T00:00:00', '2027-01-28T00:00:00'];
    expect(await inZone('0 0 0 L-3 * *', 'UTC', times)).toEqual(times.map(epoch));
  });

  test('in another zone, the next firings are computed if the computation for UTC agrees with the server', async () => {
    const found = await inZone('0 0 9 * * *', 'America/New_York', ['2026-11-30T09:00:00', '2026-12-01T09:00:00']);
    expect(found).toEqual(['2026-11-30T14:00:00', '2026-12-01T14:00:00'].map(epoch));
  });

  test.each([
    ['0 0 0 L-3 * *', ['2026-12-28T00:00:00', '2027-01-28T00:00:00']],
    ['0 0 0 31W * *', ['2026-12-31T00:00:00', '2027-03-31T00:00:00']],
    ['0 0 9 * * */2', ['2026-11-30T09:00:00', '2026-12-02T09:00:00']],
    ['0 0/90 * * * *', ['2026-11-30T01:00:00', '2026-11-30T02:00:00']],
  ])(
    'in another zone, %s has no next firings, because croner reads it differently from the server',
    async (cron, times) => {
      expect(await inZone(cron, 'America/New_York', times)).toEqual([]);
    },
  );

  test('in a zone that only the server knows, no next firings are returned', async () => {
    expect(await inZone('0 0 9 * * *', 'GMT+2', ['2026-11-30T09:00:00'])).toEqual([]);
  });

  test('if the server cannot read the expression, the error names the schedule and the expression', async () => {
    const refusing = {
      nextFirings: async () => {
        throw new FleetError('upstream', 'Invalid cron expression');
      },
    } as unknown as Conductor;
    await expect(nextFirings(refusing, 's', { cronExpression: 'nope' }, 2)).rejects.toMatchObject({
      code: 'config',
      message: 'Schedule s: the server cannot read the cron expression "nope".',
    });
  });
});
