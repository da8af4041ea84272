import { expect, test } from 'vitest';
import { z } from 'zod';
import { defineTopic } from '../../console/server/define-topic.ts';
import { type Watched, Watcher } from '../../console/server/watcher.ts';
import type { Message } from '../../console/shared/messages.ts';
import { silentLogger } from '../../core/log.ts';

/** A topic that is read once an hour, and then says how often each of its values was read. */
function counting() {
  const counts = { read: 0, kept: 0 };
  const topic = defineTopic({
    ...{ name: 'counting', permission: 'executions:read', sameAs: [], params: z.unknown() },
    everyMs: () => 3_600_000,
  }).reader(async (_params, { keep }) => {
    counts.read += 1;
    const kept = await keep('slow', 3_600_000, async () => {
      counts.kept += 1;
      return counts.kept;
    });
    return { read: counts.read, kept };
  });
  const watched = (scope: string): Watched => ({
    ...{ scope, address: 'counting', topic, params: {} },
    context: async () => ({}) as never, // the reader needs nothing of it
  });
  return watched;
}

test('callers with different reach share neither a reading nor what is kept, whatever their names are', async () => {
  const watcher = new Watcher(silentLogger);
  const watched = counting();
  const values = [];
  for (const scope of ['{"name":"Ada A"}', '{"name":"Ada B"}', '{"name":"Ada A"}'])
    values.push((await watcher.read(watched(scope))).value);
  expect(values).toEqual([
    { read: 1, kept: 1 },
    { read: 2, kept: 2 },
    { read: 3, kept: 1 },
  ]);
  watcher.close();
});

test('after an action, what somebody looks at is read again at once, also what is kept', async () => {
  const watcher = new Watcher(silentLogger);
  const heard: Message[] = [];
  const news = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const end = watcher.follow(counting()('everyone'), (message) => {
    heard.push(message);
    news[heard.length - 1]?.resolve();
  });
  await news[0]?.promise;
  await new Promise(setImmediate); // the first turn ends after it has told its listeners
  watcher.refresh();
  await news[1]?.promise;
  expect(heard).toMatchObject([{ value: { read: 1, kept: 1 } }, { patch: { set: { read: 2, kept: 2 } } }]);
  end();
  watcher.close();
});
