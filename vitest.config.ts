import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

/** One folder holds all temporary files of a run. Its removal also removes the files that killed tests and processes left. */
const folder = mkdtempSync(join(tmpdir(), 'fleet-test-'));
process.env.TMPDIR = folder;
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));

/** How long `expect.poll` waits for a condition. On a busy machine, vitest's default of one second is too short. */
const PATIENT = { timeout: 20_000 };

/** Three workers for two cores: tests of timing and of processes leave the cores idle half of the time. */
const maxWorkers = 3;
/** A busy Conductor server can lose a message of its queue. It finds the message again after one to two minutes. */
const FOUND_AGAIN = 300_000;

/** `npm run check` runs the projects `unit` and `types`. `npm test` runs all projects except `docker`. */
export default defineConfig({
  test: {
    maxWorkers,
    reporters: ['default', './test/support/count-reporter.ts'],
    coverage: {
      // The pages of the console run in a browser, where no lines are counted.
      include: [
        '{core,workers,workflows,mcp,cli,entry,examples}/**/*.{ts,js}',
        'console/{server,topics,shared}/**/*.ts',
      ],
      // Counts the lines that child processes and worker threads run, too.
      autoAttachSubprocess: true,
      reporter: [[join(import.meta.dirname, 'test/support/coverage-table.ts'), {}], 'html', 'json'],
      reportOnFailure: true,
      thresholds: { lines: 80 },
    },
    projects: [
      // All files share one module registry, because loading the modules again for each file took longer than the tests.
      { test: { name: 'unit', include: ['test/unit/**/*.test.ts'], isolate: false, testTimeout: 30_000 } },
      { test: { name: 'types', include: ['test/types/**/*.test.ts'], testTimeout: 120_000 } },
      {
        test: {
          name: 'integration',
          include: ['test/integration/**/*.test.ts'],
          // These limits only end a test that hangs. They are long enough for a slow machine.
          testTimeout: 90_000,
          hookTimeout: 60_000,
          expect: { poll: PATIENT },
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          globalSetup: ['test/support/conductor-server.ts'],
          // A test's own server runs for only a minute. In this time, the second stage of Java's compiler costs more than it saves.
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
