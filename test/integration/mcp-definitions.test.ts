import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { createConductor } from '../../core/conductor/api.ts';
import { createCaller } from '../../core/conductor/connection/caller.ts';
import { DefinitionCache } from '../../mcp/shared/definition-cache.ts';
import { type FakeConductor, startFakeConductor } from '../support/fake-conductor.ts';

let fake: FakeConductor;
/** The versions on the server, with the time when each was stored. */
let stored: Map<number, number>;
/** How many requests earlier tests have made. */
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

test('a definition is read once, and the index of versions at most once in two seconds', async () => {
  const { clock, definitions } = setUp();
  for (let i = 0; i < 5; i++) await definitions.get('w');
  expect([reads(), looks()]).toEqual([1, 1]);
  clock.now = 2000;
  await definitions.get('w');
  expect([reads(), looks()]).toEqual([1, 2]);
});

test('a version that another process changed or added is seen after two seconds', async () => {
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

test('a change by this process counts at once, and listeners are called', async () => {
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

test('after an hour a definition is read again, even unchanged', async () => {
  const { clock, definitions } = setUp();
  await definitions.get('w');
  clock.now = 3_599_999;
  await definitions.get('w');
  expect(reads()).toBe(1);
  clock.now = 3_600_000;
  await definitions.get('w');
  expect(reads()).toBe(2);
});

test('a failed read of the index is not cached for two seconds', async () => {
  const { definitions } = setUp();
  await definitions.get('w');
  const { routes } = fake;
  fake.routes = () => ({ status: 503, body: { message: 'not now' } });
  await expect(definitions.get('w')).rejects.toMatchObject({ code: 'upstream' });
  fake.routes = routes;
  expect((await definitions.get('w')).version).toBe(1);
});
