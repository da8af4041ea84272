import { defineConfig } from 'vitest/config';

/** `npm run check` runs the projects without a server; `npm test` all of them. */
export default defineConfig({
  test: {
    maxWorkers: 2, // the tests of worker processes mostly wait
    reporters: ['default', './test/support/count-reporter.ts'],
    projects: [
      { test: { name: 'unit', include: ['test/unit/**/*.test.ts'] } },
      { test: { name: 'types', include: ['test/types/**/*.test.ts'], testTimeout: 120_000 } },
      { test: { name: 'integration', include: ['test/integration/**/*.test.ts'], testTimeout: 30_000 } },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          globalSetup: ['test/support/conductor-server.ts'],
          testTimeout: 180_000,
          // A busy server takes its time; what never comes still fails.
          expect: { poll: { timeout: 20_000 } },
          hookTimeout: 240_000,
        },
      },
      { test: { name: 'docker', include: ['test/docker/**/*.test.ts'], testTimeout: 600_000, hookTimeout: 600_000 } },
    ],
  },
});
