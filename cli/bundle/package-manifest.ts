import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

const checkout = z.looseObject({
  private: z.boolean(),
  exports: z.record(z.string(), z.string()),
  scripts: z.unknown(),
  devDependencies: z.unknown(),
  optionalDependencies: z.unknown(),
  overrides: z.unknown(),
});

const registryEntry = z.looseObject({ name: z.string() });

/**
 * The manifest of the published package, made from the one of this checkout. It has compiled entries, no development packages and no
 * Node binary: a project that installs the package brings its own Node.
 */
export function packageManifest(root: string): Record<string, unknown> {
  const read = (file: string): unknown => JSON.parse(readFileSync(join(root, file), 'utf8'));
  const {
    private: _,
    scripts: __,
    devDependencies: ___,
    optionalDependencies: ____,
    overrides: _____,
    exports,
    ...about
  } = checkout.parse(read('package.json'));
  const entries = Object.entries(exports).map(([name, source]) => [name, compiledEntry(source)]);
  return {
    ...about,
    // The name under which the registry of MCP servers lists it.
    mcpName: registryEntry.parse(read('server.json')).name,
    exports: { ...Object.fromEntries(entries), './package.json': './package.json' },
    types: compiledEntry(exports['.'] ?? '').types,
  };
}

/** `./entry/index.ts` becomes the compiled module and its types. */
function compiledEntry(source: string): { types: string; default: string } {
  const module = source.replace(/^\.\//, './dist/').replace(/\.ts$/, '');
  return { types: `${module}.d.ts`, default: `${module}.js` };
}
