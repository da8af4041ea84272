import { readFileSync } from 'node:fs';

/** The version in `package.json`, which is one folder above this one in the source tree and two above it in `dist/`. */
export const version: string =
  [new URL('../package.json', import.meta.url), new URL('../../package.json', import.meta.url)]
    .map(readVersion)
    .find((found) => found !== undefined) ?? '0.0.0';

function readVersion(file: URL): string | undefined {
  try {
    const { version } = JSON.parse(readFileSync(file, 'utf8')) as { version?: unknown };
    return typeof version === 'string' ? version : undefined;
  } catch {
    return undefined;
  }
}
