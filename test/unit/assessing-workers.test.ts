import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import assessFlightRisk from '../../workers/tasks/assess-flight-risk.ts';
import assessPriceChange from '../../workers/tasks/assess-price-change.ts';
import { runTask } from '../../workers/testing/harness.ts';

describe('assess_price_change', () => {
  const assess = async (previousClose: number, price: number, threshold = 5) =>
    (await runTask(assessPriceChange, { previousClose, price, threshold })).output;

  test.each([
    [100, 105, 'log', 5],
    [100, 95, 'log', -5],
    [100, 105.01, 'alert', 5.01],
    [100, 94.99, 'alert', -5.01],
    [100, 105.000001, 'alert', 5],
    // In binary floating point, each of these changes is slightly more than 5 %.
    [0.6, 0.63, 'log', 5],
    [1.1, 1.155, 'log', 5],
    [19.9, 18.905, 'log', -5],
    [1e-7, 1.05e-7, 'log', 5],
    [1e21, 1.05e21, 'log', 5],
    [3, 3, 'log', 0],
    [2, 0, 'alert', -100],
  ])('for a price change from %d to %d, the verdict is %s', async (previousClose, price, verdict, changePercent) => {
    expect(await assess(previousClose, price)).toEqual({ verdict, changePercent });
  });

  test('assess_price_change compares the change with the given threshold', async () => {
    expect(await assess(100, 102.5, 2.5)).toMatchObject({ verdict: 'log' });
    expect(await assess(100, 102.51, 2.5)).toMatchObject({ verdict: 'alert' });
    expect(await assess(100, 100, 0)).toMatchObject({ verdict: 'log' });
  });

  test('at any price, a change raises an alert only if it is larger than the threshold', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 10_000_000 }), fc.constantFrom(1, -1), async (cents, sign) => {
        const at = (tenThousandths: number) => Number(`${tenThousandths}e-4`);
        const boundary = cents * 100 + sign * cents * 5;
        expect(await assess(Number(`${cents}e-2`), at(boundary))).toMatchObject({ verdict: 'log' });
        expect(await assess(Number(`${cents}e-2`), at(boundary + sign))).toMatchObject({ verdict: 'alert' });
      }),
      { numRuns: 200 },
    );
  });

  test('if the last closing price is missing, the task fails without a retry', async () => {
    const { result } = await runTask(assessPriceChange, { previousClose: 0, price: 1, threshold: 5 });
    expect(result).toMatchObject({ status: 'FAILED_WITH_TERMINAL_ERROR' });
  });
});

describe('assess_flight_risk', () => {
  const assess = async (...reports: [string, number, string][]) => {
    const named = reports.map(([city, temperatureCelsius, conditions]) => ({ city, temperatureCelsius, conditions }));
    return (await runTask(assessFlightRisk, { reports: named })).output;
  };

  test.each<[number, string, string, string[]]>([
    [21, 'clear', 'low', []],
    [14, 'light rain', 'low', []],
    [18, 'Overcast', 'low', []],
    [31, 'thunderstorm', 'high', ['storms on the way']],
    [9, 'fog', 'moderate', ['low visibility in fog']],
    [-1, 'fog', 'high', ['freezing fog at -1 °C']],
    [3, 'snow', 'moderate', ['snow: runways are cleared and wings de-iced']],
    [-3, 'heavy snow', 'high', ['heavy snow']],
    [0, 'light rain', 'high', ['freezing rain at 0 °C']],
    [40, 'clear', 'moderate', ['40 °C: less lift in hot air']],
    [39.9, 'clear', 'low', []],
    [48, 'clear', 'high', ['48 °C: too hot for most aircraft']],
    [42, 'dust', 'high', ['low visibility in dust', '42 °C: less lift in hot air']],
    [-26, 'clear', 'moderate', ['-26 °C: engines and fuel need warming']],
    [-41, 'clear', 'high', ['-41 °C: fuel is near its freezing point']],
    [20, 'raining frogs', 'low', []],
    [20, 'frogs', 'moderate', ['unknown conditions: frogs']],
  ])('at %d °C with %s, the risk is %s', async (temperature, conditions, risk, reasons) => {
    expect(await assess(['X', temperature, conditions])).toEqual({ risk, cities: [{ city: 'X', risk, reasons }] });
  });

  test('the highest risk of a city is the risk of the flight, and the cities keep the order of the reports', async () => {
    const { risk, cities } = (await assess(['A', 20, 'clear'], ['B', 20, 'thunderstorm'], ['C', 9, 'fog'])) ?? {};
    expect([risk, cities?.map((city) => [city.city, city.risk])]).toEqual([
      'high',
      [
        ['A', 'low'],
        ['B', 'high'],
        ['C', 'moderate'],
      ],
    ]);
  });

  test('if there is no city, the risk is unknown, not low', async () => {
    expect(await assess()).toEqual({ risk: 'unknown', cities: [] });
  });
});
