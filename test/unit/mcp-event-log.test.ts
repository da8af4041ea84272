import { expect, test } from 'vitest';
import { EventLog } from '../../mcp/transports/event-log.ts';

const message = (text: string) => ({ jsonrpc: '2.0' as const, method: 'notifications/message', params: { text } });

async function missed(log: EventLog, after: string): Promise<string[]> {
  const texts: string[] = [];
  await log.replayEventsAfter(after, {
    send: async (_id, event) => void texts.push('params' in event ? String(event.params?.text) : '?'),
  });
  return texts;
}

test('a client gets the messages of its own stream that it missed, in order', async () => {
  const log = new EventLog();
  const first = await log.storeEvent('a', message('1'));
  await log.storeEvent('b', message('of another stream'));
  await log.storeEvent('a', message('2'));
  const last = await log.storeEvent('a', message('3'));
  expect(await log.getStreamIdForEventId(first)).toBe('a');
  expect(await missed(log, first)).toEqual(['2', '3']);
  expect(await missed(log, last)).toEqual([]);
});

test('a client can resume after the empty event that opens a stream, and gets no empty event again', async () => {
  const log = new EventLog();
  const opening = await log.storeEvent('a', {} as never);
  await log.storeEvent('a', {} as never);
  await log.storeEvent('a', message('1'));
  expect(await missed(log, opening)).toEqual(['1']);
});

test('the log limits the number and the total size of the messages that it keeps', async () => {
  const many = new EventLog();
  const first = await many.storeEvent('a', message('0'));
  for (let n = 1; n <= 600; n++) await many.storeEvent('a', message(String(n)));
  expect(await missed(many, first)).toHaveLength(500);

  const large = new EventLog();
  const before = await large.storeEvent('a', message('0'));
  for (let n = 1; n <= 5; n++) await large.storeEvent('a', message('x'.repeat(300_000)));
  expect(await missed(large, before)).toHaveLength(3);
});

test('a replay after an unknown event id fails', async () => {
  const log = new EventLog();
  expect(await log.getStreamIdForEventId('nonsense')).toBeUndefined();
  await expect(missed(log, 'nonsense')).rejects.toThrow('Unknown event id');
});
