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
  test('without a city, the workflow gets the weather in Dubai', async () => {
    const { status, output } = await run('GetWeather', {});
    expect({ status, output }).toEqual({
      status: 'COMPLETED',
      output: { city: 'Dubai', temperatureCelsius: 38, conditions: 'clear' },
    });
  });

  test('a city name may contain characters that have a meaning in a URL', async () => {
    const city = unique('São Tomé & Co/#?city=Oslo%20 +');
    const { status, output } = await run('GetWeather', { city });
    expect({ status, city: output.city }).toEqual({ status: 'COMPLETED', city });
    expect(await statusesFor(city)).toEqual([200]);
  });

  test('the workflow retries while the weather service is down', async () => {
    const city = unique('Springfield');
    await orderFault({ path: '/weather', fields: { city }, status: 503, times: 2 });
    const execution = await run('GetWeather', { city });
    expect(execution.status).toBe('COMPLETED');
    expect(await statusesFor(city)).toEqual([503, 503, 200]);
    expect(attemptsAt(execution, 'fetch').map(({ status }) => status)).toEqual(['FAILED', 'FAILED', 'COMPLETED']);
    const keys = new Set((await askedFor(city)).map(({ idempotencyKey }) => idempotencyKey));
    expect(keys.size).toBe(1);
  });

  test('if the service stays down, the workflow fails after three retries and gives the reason', async () => {
    const city = unique('Springfield');
    await orderFault({ path: '/weather', fields: { city }, status: 503 });
    const execution = await run('GetWeather', { city });
    expect(execution.status).toBe('FAILED');
    expect(execution.reasonForIncompletion).toMatch(/GET http.*\/weather\?city=Springfield-\w+ answered 503/);
    expect(await statusesFor(city)).toEqual([503, 503, 503, 503]);
  });

  test('for an unknown city, the workflow fails without a retry, and the reason names the city', async () => {
    const city = unique('Nowhere');
    const execution = await run('GetWeather', { city });
    expect(execution.status).toBe('FAILED');
    expect(execution.reasonForIncompletion).toContain(`There is no city called \\"${city}\\".`);
    expect(await statusesFor(city)).toEqual([404]);
  });

  test('an empty city is refused by the checked start, and by the worker after an unchecked start', async () => {
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
  test('the highest risk of a city is the risk of the flight, and each city has its reasons', async () => {
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

  test('without cities the risk is unknown', async () => {
    const { status, output } = await run('FlightRiskAssessment', { cities: [] });
    expect({ status, output }).toEqual({ status: 'COMPLETED', output: { risk: 'unknown', cities: [] } });
  });

  test.each([1, 30])(
    'the service gets one request for each of %d cities, and the results are in the order of the cities',
    async (count) => {
      const cities = Array.from({ length: count }, (_, index) => unique(`City ${index}`));
      const { status, output } = await run('FlightRiskAssessment', { cities });
      expect(status).toBe('COMPLETED');
      expect((output.cities as { city: string }[]).map(({ city }) => city)).toEqual(cities);
      const asked = await Promise.all(cities.map(statusesFor));
      expect(asked).toEqual(cities.map(() => [200]));
    },
  );

  test('the requests for all cities run at the same time', async () => {
    const cities = [unique('Slow'), unique('Slow')];
    for (const city of cities) await orderFault({ path: '/weather', fields: { city }, delayMs: 3_000 });
    const execution = await run('FlightRiskAssessment', { cities });
    expect(execution.status).toBe('COMPLETED');
    const [first, second] = execution.tasks.filter(({ taskType }) => taskType === 'fetch_weather');
    expect(second?.startTime).toBeLessThan(first?.endTime ?? 0);
    expect(first?.startTime).toBeLessThan(second?.endTime ?? 0);
  });

  test('if the service fails for one city for a while, only the request for that city is retried', async () => {
    const cities = [unique('Left'), unique('Middle'), unique('Right')];
    await orderFault({ path: '/weather', fields: { city: cities[1] ?? '' }, status: 503, times: 2 });
    const execution = await run('FlightRiskAssessment', { cities });
    expect(execution.status).toBe('COMPLETED');
    expect(await Promise.all(cities.map(statusesFor))).toEqual([[200], [503, 503, 200], [200]]);
  });

  test('if a city is unknown, the assessment fails, and the reason names the city', async () => {
    const nowhere = unique('Nowhere');
    const execution = await run('FlightRiskAssessment', { cities: ['Dubai', nowhere, 'Oslo'] });
    expect(execution.status).toBe('FAILED');
    expect(execution.reasonForIncompletion).toContain(`There is no city called \\"${nowhere}\\".`);
    expect(await statusesFor(nowhere)).toEqual([404]);
    expect(attemptsAt(execution, 'assess')).toEqual([]);
  });
});
