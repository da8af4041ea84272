import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { discover } from '../../core/content/discover.ts';
import { isTool } from '../../mcp/engine/define-tool.ts';
import { compiled, documents, fileAt, productionPackages } from './bundle-files.ts';
import { manifestOf, type PackageJson } from './bundle-manifest.ts';
import { compile } from './make-package.ts';
import { packageManifest } from './package-manifest.ts';
import { type BundleFile, zipBundle } from './zip-bundle.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** The manifest of this checkout's bundle. */
export async function makeManifest() {
  const about = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as PackageJson; // our own file; a test makes the manifest from it
  const tools = await discover(new URL('../../mcp/tools/', import.meta.url), isTool, 'tool');
  return manifestOf(
    about,
    tools.filter(({ byDefault }) => byDefault),
  );
}

/**
 * Builds the bundle that clients such as Claude Desktop install on a double click. It holds the compiled program, its packages, its
 * documents and the manifest.
 */
export async function makeBundle(): Promise<Uint8Array> {
  const dist = mkdtempSync(join(tmpdir(), 'fleet-dist-'));
  try {
    compile(dist, { types: false });
    return zipBundle([
      jsonFile('manifest.json', await makeManifest()),
      jsonFile('package.json', packageManifest(root)),
      ...['LICENSE', 'cli/fleet.js'].map((path) => fileAt(root, path)),
      ...documents(root),
      ...compiled(dist),
      ...productionPackages(root),
    ]);
  } finally {
    rmSync(dist, { recursive: true, force: true });
  }
}

function jsonFile(path: string, content: object): BundleFile {
  return { path, data: Buffer.from(`${JSON.stringify(content, null, 2)}\n`) };
}

if (import.meta.main) {
  const { name, version } = await makeManifest();
  const file = process.argv[2] ?? `${name}-${version}.mcpb`;
  const data = await makeBundle();
  writeFileSync(file, data);
  process.stderr.write(`Wrote ${file} (${(data.length / 1024 / 1024).toFixed(1)} MiB).\n`);
}
