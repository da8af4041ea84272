import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startChecked } from '../../core/conductor/start-checked.ts';
import type { Execution } from '../../core/conductor/types.ts';
import { orderFault, type Running, realConductor, requestsTo, startShipped, unique } from '../support/product.ts';

const conductor = realConductor();
let worker: Running;

beforeAll(async () => {
  worker = await startShipped(['fetch_weather', 'assess_flight_risk']);
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

describe.concurrent('FlightRiskAssessment', () => {
  test('the worst city decides, and each has its reasons', async () => {
    const { status, output } = await run('FlightRiskAssessment', { cities: ['Dubai', 'Singapore', 'Reykjavik'] });
    expect({ status, output }).toEqual({
      status: 'COMPLETED',
      output: {
        risk: 'high',
        cities: [
          { city: 'Dubai', risk: 'low', reasons: [] },
          { city: 'Singapore', risk: 'high', reasons: ['storms on the way'] },
          { city: 'Reykjavik', risk: 'moderate', reasons: ['snow: runways are cleared and wings de-iced'] },
        ],
      },
    });
  });

  test('without a city the risk is unknown', async () => {
    const { status, output } = await run('FlightRiskAssessment', { cities: [] });
    expect({ status, output }).toEqual({ status: 'COMPLETED', output: { risk: 'unknown', cities: [] } });
  });

  test.each([1, 30])('%d cities are each asked for once and come back in order', async (count) => {
    const cities = Array.from({ length: count }, (_, index) => unique(`City ${index}`));
    const { status, output } = await run('FlightRiskAssessment', { cities });
    expect(status).toBe('COMPLETED');
    expect((output.cities as { city: string }[]).map(({ city }) => city)).toEqual(cities);
    const asked = await Promise.all(cities.map(statusesFor));
    expect(asked).toEqual(cities.map(() => [200]));
  });

  test('the cities are asked for at the same time', async () => {
    const cities = [unique('Slow'), unique('Slow')];
    for (const city of cities) await orderFault({ path: '/weather', fields: { city }, delayMs: 3_000 });
    const execution = await run('FlightRiskAssessment', { cities });
    expect(execution.status).toBe('COMPLETED');
    const [first, second] = execution.tasks.filter(({ taskType }) => taskType === 'fetch_weather');
    expect(second?.startTime).toBeLessThan(first?.endTime ?? 0);
    expect(first?.startTime).toBeLessThan(second?.endTime ?? 0);
  });

  test('when the service fails for one city for a while, only that one is asked for again', async () => {
    const cities = [unique('Left'), unique('Middle'), unique('Right')];
    await orderFault({ path: '/weather', fields: { city: cities[1] ?? '' }, status: 503, times: 2 });
    const execution = await run('FlightRiskAssessment', { cities });
    expect(execution.status).toBe('COMPLETED');
    expect(await Promise.all(cities.map(statusesFor))).toEqual([[200], [503, 503, 200], [200]]);
  });

  test('when one city has no weather for good, there is no assessment, and the reason names it', async () => {
    const nowhere = unique('Nowhere');
    const execution = await run('FlightRiskAssessment', { cities: ['Dubai', nowhere, 'Oslo'] });
    expect(execution.status).toBe('FAILED');
    expect(execution.reasonForIncompletion).toContain(`There is no city called ${nowhere}`);
    expect(await statusesFor(nowhere)).toEqual([404]);
    expect(attemptsAt(execution, 'assess')).toEqual([]);
  });
});
