import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';

const suite = fileURLToPath(new URL('../../node_modules/@modelcontextprotocol/conformance/', import.meta.url));
const program = join(suite, 'dist', 'index.js');

/** A failure or a warning of one check of the suite. */
export interface Finding {
  readonly check: string;
  readonly status: string;
  readonly message: string;
}

/** The results of one run of the public conformance suite. */
export interface Verdict {
  readonly exitCode: number;
  /** The whole output, which a failed test shows. */
  readonly output: string;
  /** Failures and warnings of all checks, including those of scenarios that are not scored. */
  readonly findings: readonly Finding[];
}

const checks = z.array(z.object({ id: z.string(), status: z.string(), errorMessage: z.string().nullish() }));

/** Runs the suite against a server. The suite writes its results into `folder`, which must be empty. */
export async function runSuite(url: string, args: readonly string[], folder: string): Promise<Verdict> {
  const { exitCode, output } = await run(['server', '--url', url, ...args, '-o', folder]);
  return { exitCode, output, findings: await findingsIn(folder) };
}

/** Reads from the suite's own list which scenarios a revision requires of a server. */
export async function requiredOf(revision: string): Promise<string[]> {
  const text = await readFile(join(suite, 'requirements', `${revision}.yaml`), 'utf8');
  const section = /^server:\n((?: {2}- .+\n)+)/m.exec(text)?.[1] ?? '';
  return [...section.matchAll(/^ {2}- (.+)$/gm)].map(([, name = '']) => name);
}

/** Returns the scenarios that passed, according to the output of a run. */
export function passedIn(output: string): string[] {
  return [...output.matchAll(/^✓ (\S+): \d+ passed, 0 failed$/gm)].map(([, name = '']) => name);
}

function run(args: readonly string[]): Promise<{ exitCode: number; output: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [program, ...args], { maxBuffer: 2 ** 26 }, (error, stdout, stderr) => {
      resolve({ exitCode: error ? Number(error.code ?? 1) : 0, output: `${stdout}${stderr}` });
    });
  });
}

async function findingsIn(folder: string): Promise<Finding[]> {
  const files = (await readdir(folder, { recursive: true })).filter((file) => file.endsWith('checks.json'));
  const all = await Promise.all(
    files.map(async (file) => checks.parse(JSON.parse(await readFile(join(folder, file), 'utf8')))),
  );
  return all
    .flat()
    .filter(({ status }) => status === 'FAILURE' || status === 'WARNING')
    .map(({ id, status, errorMessage }) => ({ check: id, status, message: errorMessage ?? '' }));
}
