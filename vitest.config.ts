import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

/** All temporary files of a run are below one folder that goes with it, also those of tests and processes that are killed. */
const folder = mkdtempSync(join(tmpdir(), 'fleet-test-'));
process.env.TMPDIR = folder;
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));

/** What is waited for comes when the machine gets to it; the default of a second is too little for a busy one. */
const PATIENT = { timeout: 20_000 };

/** For two cores. Tests of timing and of processes leave them idle half of the time. */
const MOSTLY_WAITING = { maxWorkers: 3, sequence: { groupOrder: 0 } };
/** A third file at a time would leave the servers too little of two cores. */
const BESIDE_SERVERS = { maxWorkers: 2, sequence: { groupOrder: 1 } };

/** `npm run check` runs the projects without a server; `npm test` all of them, those with servers last. */
export default defineConfig({
  test: {
    reporters: ['default', './test/support/count-reporter.ts'],
    projects: [
      // They change nothing outside of themselves, and loading everything anew for each file took longer than the tests.
      {
        test: {
          name: 'unit',
          include: ['test/unit/**/*.test.ts'],
          isolate: false,
          testTimeout: 30_000,
          ...MOSTLY_WAITING,
        },
      },
      { test: { name: 'types', include: ['test/types/**/*.test.ts'], testTimeout: 120_000, ...MOSTLY_WAITING } },
      {
        test: {
          name: 'integration',
          include: ['test/integration/**/*.test.ts'],
          testTimeout: 30_000,
          hookTimeout: 60_000,
          expect: { poll: PATIENT },
          ...MOSTLY_WAITING,
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          globalSetup: ['test/support/conductor-server.ts'],
          testTimeout: 180_000,
          hookTimeout: 240_000,
          expect: { poll: PATIENT },
          ...BESIDE_SERVERS,
        },
      },
      {
        test: {
          name: 'docker',
          include: ['test/docker/**/*.test.ts'],
          testTimeout: 600_000,
          hookTimeout: 600_000,
          ...BESIDE_SERVERS,
        },
      },
    ],
  },
});
