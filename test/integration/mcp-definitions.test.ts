import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { createConductor } from '../../core/conductor/api.ts';
import { createCaller } from '../../core/conductor/connection/caller.ts';
import { DefinitionCache } from '../../mcp/shared/definition-cache.ts';
import { type FakeConductor, startFakeConductor } from '../support/fake-conductor.ts';

let fake: FakeConductor;
/** The time when each version was stored on the server. */
let stored: Map<number, number>;
/** The number of requests that earlier tests have sent. */
let before = 0;

beforeAll(async () => {
  fake = await startFakeConductor();
});
afterAll(() => fake.close());
beforeEach(() => {
  stored = new Map([[1, 100]]);
  before = fake.requests.length;
  fake.routes = ({ path, query }) => {
    const versions = [...stored].map(([version, updateTime]) => ({ name: 'w', version, updateTime }));
    if (path === '/api/metadata/workflow/names-and-versions') return { status: 200, body: { w: versions } };
    if (path !== '/api/metadata/workflow/w') return undefined;
    const version = Number(query.get('version') ?? Math.max(...stored.keys()));
    return { status: 200, body: { name: 'w', version, updateTime: stored.get(version), tasks: [] } };
  };
});

const asked = (path: string) => fake.requests.slice(before).filter((request) => request.path === path).length;
const reads = () => asked('/api/metadata/workflow/w');
const looks = () => asked('/api/metadata/workflow/names-and-versions');

function setUp() {
  const auth = { conductorAuthKey: undefined, conductorAuthSecret: undefined };
  const conductor = createConductor(createCaller({ conductorServerUrl: fake.url, ...auth, requestTimeoutMs: 2000 }));
  const clock = { now: 0 };
  const cache = new DefinitionCache(() => clock.now);
  return { clock, cache, definitions: cache.over(conductor, new AbortController().signal) };
}

test('the cache reads a definition once, and the index of versions at most once in two seconds', async () => {
  const { clock, definitions } = setUp();
  for (let i = 0; i < 5; i++) await definitions.get('w');
  expect([reads(), looks()]).toEqual([1, 1]);
  clock.now = 2000;
  await definitions.get('w');
  expect([reads(), looks()]).toEqual([1, 2]);
});

test('the cache notices after two seconds that another process changed or added a version', async () => {
  const { clock, definitions } = setUp();
  await definitions.get('w');
  await definitions.get('w', 1);
  stored.set(1, 101);
  clock.now += 2000;
  expect((await definitions.get('w', 1)).updateTime).toBe(101);
  stored.set(2, 102);
  clock.now += 2000;
  expect((await definitions.get('w')).version).toBe(2);
  expect((await definitions.get('w', 1)).version).toBe(1);
});

test('the cache notices a change by this process at once, and calls its listeners', async () => {
  const { cache, definitions } = setUp();
  let told = 0;
  const end = cache.onChange(() => (told += 1));
  await definitions.get('w');
  stored.set(2, 102);
  definitions.changed('w');
  expect((await definitions.get('w')).version).toBe(2);
  expect([...(await definitions.index()).keys()]).toEqual(['w']);
  end();
  definitions.changed('w');
  expect(told).toBe(1);
});

test('the cache reads a definition again after an hour, even if it is unchanged', async () => {
  const { clock, definitions } = setUp();
  await definitions.get('w');
  clock.now = 3_599_999;
  await definitions.get('w');
  expect(reads()).toBe(1);
  clock.now = 3_600_000;
  await definitions.get('w');
  expect(reads()).toBe(2);
});

test('after a failed read of the index, the next call reads it again', async () => {
  const { definitions } = setUp();
  await definitions.get('w');
  const { routes } = fake;
  fake.routes = () => ({ status: 503, body: { message: 'not now' } });
  await expect(definitions.get('w')).rejects.toMatchObject({ code: 'upstream' });
  fake.routes = routes;
  expect((await definitions.get('w')).version).toBe(1);
});
