import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startChecked } from '../../core/conductor/start.ts';
import type { Execution } from '../../core/conductor/types.ts';
import {
  orderFault,
  type Running,
  realConductor,
  requestsTo,
  runFleetCommand,
  startFleetCommand,
  unique,
} from '../support/product.ts';

const conductor = realConductor();
let worker: Running;

beforeAll(async () => {
  const registered = await runFleetCommand(['register']);
  expect(registered, registered.stderr).toMatchObject({ code: 0 });
  worker = startFleetCommand(['work', '--only', 'fetch_weather,assess_flight_risk']);
  await worker.says(/serves \d+ task types/);
});

afterAll(async () => {
  worker.child.kill('SIGTERM');
  await worker.ended;
  conductor.close();
});

async function run(name: string, input: Record<string, unknown>): Promise<Execution> {
  return conductor.waitForEnd(await startChecked(conductor, { name, input }));
}

const askedFor = async (city: string) => (await requestsTo('/weather')).filter(({ query }) => query.city === city);
const statusesFor = async (city: string) => (await askedFor(city)).map(({ status }) => status);
const attemptsAt = ({ tasks }: Execution, ref: string) =>
  tasks.filter(({ referenceTaskName }) => referenceTaskName === ref);

describe.concurrent('GetWeather', () => {
  test('tells the temperature of Dubai when nobody names a city', async () => {
    const { status, output } = await run('GetWeather', {});
    expect({ status, output }).toEqual({
      status: 'COMPLETED',
      output: { city: 'Dubai', temperatureCelsius: 38, conditions: 'clear' },
    });
  });

  test('finds a city whose name means something in an address', async () => {
    const city = unique('São Tomé & Co/#?city=Oslo%20 +');
    const { status, output } = await run('GetWeather', { city });
    expect({ status, city: output.city }).toEqual({ status: 'COMPLETED', city });
    expect(await statusesFor(city)).toEqual([200]);
  });

  test('an outage of the service is waited out', async () => {
    const city = unique('Springfield');
    await orderFault({ path: '/weather', fields: { city }, status: 503, times: 2 });
    const execution = await run('GetWeather', { city });
    expect(execution.status).toBe('COMPLETED');
    expect(await statusesFor(city)).toEqual([503, 503, 200]);
    expect(attemptsAt(execution, 'fetch').map(({ status }) => status)).toEqual(['FAILED', 'FAILED', 'COMPLETED']);
    const keys = new Set((await askedFor(city)).map(({ idempotencyKey }) => idempotencyKey));
    expect(keys.size).toBe(1);
  });

  test('a service that stays down fails it after three retries, and the reason says so', async () => {
    const city = unique('Springfield');
    await orderFault({ path: '/weather', fields: { city }, status: 503 });
    const execution = await run('GetWeather', { city });
    expect(execution.status).toBe('FAILED');
    expect(execution.reasonForIncompletion).toMatch(/GET http.*\/weather\?city=Springfield-\w+ answered 503/);
    expect(await statusesFor(city)).toEqual([503, 503, 503, 503]);
  });

  test('a city that nobody knows fails at once, and is named', async () => {
    const city = unique('Nowhere');
    const execution = await run('GetWeather', { city });
    expect(execution.status).toBe('FAILED');
    expect(execution.reasonForIncompletion).toContain(`There is no city called ${city}`);
    expect(await statusesFor(city)).toEqual([404]);
  });

  test('an empty city is refused before anything starts, and by the worker where nobody checked', async () => {
    await expect(run('GetWeather', { city: '' })).rejects.toMatchObject({
      code: 'input',
      message: expect.stringContaining('city'),
    });
    const workflowId = await conductor.startWorkflow({ name: 'GetWeather', input: { city: ' ' } });
    const execution = await conductor.waitForEnd(workflowId);
    expect(execution.status).toBe('FAILED');
    expect(attemptsAt(execution, 'fetch')).toHaveLength(1);
    expect(execution.reasonForIncompletion).toContain('city');
  });
});
