import { describe, expect, test } from 'vitest';
import { loadConfig } from '../../core/config.ts';
import { shares, typeSettings } from '../../workers/runtime/poll/type-settings.ts';

const load = (env: Record<string, string>, flags: Record<string, unknown> = {}) => loadConfig({ env, flags });

describe('settings of a task type', () => {
  test('by default, a task type has the settings of the process', () => {
    const { config } = load({ WORKER_CONCURRENCY: '7' });
    expect(typeSettings(config, 'any')).toMatchObject({
      concurrency: 7,
      batchSize: 10,
      pollIntervalMs: 100,
      domains: { '': 1 },
    });
  });

  test('settings of a type have precedence over settings for all types, and the environment over the file', () => {
    const { config } = load({
      WORKER_TYPES: '{"charge_card":{"concurrency":2,"batchSize":3}}',
      CONDUCTOR_WORKER_ALL_CONCURRENCY: '9',
      CONDUCTOR_WORKER_ALL_POLL_INTERVAL: '250',
      CONDUCTOR_WORKER_CHARGE_CARD_BATCH_SIZE: '4',
      CONDUCTOR_WORKER_CHARGE_CARD_PAUSED: 'true',
      CONDUCTOR_WORKER_SHIP_DOMAIN: 'canary',
    });
    expect(typeSettings(config, 'charge_card')).toMatchObject({
      concurrency: 2,
      batchSize: 4,
      pollIntervalMs: 250,
      paused: true,
    });
    expect(typeSettings(config, 'ship')).toMatchObject({ concurrency: 9, domains: { canary: 1 }, paused: false });
  });

  test('a wrong value is an error that names the variable', () => {
    expect(() => load({ CONDUCTOR_WORKER_ALL_CONCURRENCY: 'many' })).toThrow(
      'CONDUCTOR_WORKER_ALL_CONCURRENCY must be a number, not "many".',
    );
  });

  test('a variable that only the SDKs know is reported', () => {
    expect(load({ CONDUCTOR_WORKER_ALL_STRICT_SCHEMA: 'true' }).notices).toEqual([
      'CONDUCTOR_WORKER_ALL_STRICT_SCHEMA has no effect here.',
    ]);
  });

  test('domains share the concurrency by weight, and each domain gets at least one slot', () => {
    expect(shares(50, { '': 9, canary: 1 })).toEqual({ '': 45, canary: 5 });
    expect(shares(2, { '': 99, canary: 1 })).toEqual({ '': 2, canary: 1 });
  });
});
