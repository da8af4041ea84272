import { expect, test } from 'vitest';
import { z } from 'zod';
import { defineTool, type Tool } from '../../mcp/engine/define-tool.ts';
import { watchTools } from '../../mcp/engine/tool-catalogue.ts';
import { ChangeBus } from '../../mcp/subscriptions/change-bus.ts';

function toolOf(name: string, description: string): Tool {
  return defineTool({
    name,
    title: name,
    description,
    toolset: 'workflows',
    permission: 'workflows:execute',
    annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
    input: z.strictObject({}),
    output: z.object({}),
  }).handler(async () => ({ text: '', structured: {} }));
}

/** Returns a source of the given tools. It counts how often it is read. */
function source(first: Tool[]) {
  let reads = 0;
  const state = { tools: first, fails: false };
  return {
    state,
    reads: () => reads,
    async list() {
      reads += 1;
      if (state.fails) throw new Error('no server');
      return state.tools;
    },
    find: async () => undefined,
  };
}

test('watchTools announces a changed list of tools, but not an unchanged list or a failed read', async () => {
  const tools = source([toolOf('a', 'version 1')]);
  const listeners = new Set<() => void>();
  const definitions = {
    onChange(listener: () => void) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  let told = 0;
  const changes = {
    toolsChanged() {
      told += 1;
    },
  };
  const stop = watchTools({ sources: [tools], definitions, changes });
  const look = async () => {
    const before = tools.reads();
    for (const listener of listeners) listener();
    await expect.poll(tools.reads).toBe(before + 1);
  };
  await look();
  expect(told).toBe(0);
  tools.state.tools = [toolOf('a', 'version 2')];
  await look();
  await expect.poll(() => told).toBe(1);
  tools.state.fails = true;
  await look();
  tools.state.fails = false;
  await look();
  expect(told).toBe(1);
  stop();
  expect(listeners.size).toBe(0);
});

test('the change bus runs a watcher only while a connection is open', () => {
  const bus = new ChangeBus();
  let running = 0;
  bus.whileConnected(() => {
    running += 1;
    return () => {
      running -= 1;
    };
  });
  expect(running).toBe(0);
  const [first, second] = [bus.subscribe(() => {}), bus.subscribe(() => {})];
  expect(running).toBe(1);
  first();
  first();
  expect(running).toBe(1);
  second();
  expect(running).toBe(0);
});
