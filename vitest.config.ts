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

/** For two cores, which tests of timing and of processes leave idle half of the time. */
const maxWorkers = 3;
/** A server that loses a message of its queue, as a busy one may, finds it again after one to two minutes. */
const FOUND_AGAIN = 300_000;

/** `npm run check` runs the projects without a server; `npm test` all of them. */
export default defineConfig({
  test: {
    maxWorkers,
    reporters: ['default', './test/support/count-reporter.ts'],
    coverage: {
      include: ['{core,workers,workflows,mcp,cli,examples}/**/*.{ts,js}'],
      // Also the lines that child processes and worker threads run.
      autoAttachSubprocess: true,
      reporter: [[join(import.meta.dirname, 'test/support/coverage-table.ts'), {}], 'html', 'json'],
      reportOnFailure: true,
      thresholds: { lines: 80 },
    },
    projects: [
      // They change nothing outside of themselves, and loading everything anew for each file took longer than the tests.
      { test: { name: 'unit', include: ['test/unit/**/*.test.ts'], isolate: false, testTimeout: 30_000 } },
      { test: { name: 'types', include: ['test/types/**/*.test.ts'], testTimeout: 120_000 } },
      {
        test: {
          name: 'integration',
          include: ['test/integration/**/*.test.ts'],
          testTimeout: 30_000,
          hookTimeout: 60_000,
          expect: { poll: PATIENT },
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          globalSetup: ['test/support/conductor-server.ts'],
          // For servers of a test's own, which live a minute: compiling their code twice never pays.
          env: { JAVA_TOOL_OPTIONS: `${process.env.JAVA_TOOL_OPTIONS ?? ''} -XX:TieredStopAtLevel=1`.trim() },
          testTimeout: FOUND_AGAIN,
          hookTimeout: FOUND_AGAIN,
          expect: { poll: PATIENT },
        },
      },
      { test: { name: 'docker', include: ['test/docker/**/*.test.ts'], testTimeout: 600_000, hookTimeout: 600_000 } },
    ],
  },
});
