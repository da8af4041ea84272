/**
 * Starts `fleet mcp` of the project that Claude Code works in: a checkout of conductor-fleet, or a project that has installed it.
 * Claude Code copies only the folder of a plugin, without the server. The server beside the plugin is found only if the plugin runs in a
 * checkout.
 */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const PACKAGE = 'conductor-fleet';
const project = process.argv[2] ?? process.cwd();
const beside = dirname(dirname(fileURLToPath(import.meta.url)));

const homes = [project, join(project, 'node_modules', PACKAGE), beside].filter(holdsProgram);
if (homes[0] === undefined) {
  process.stderr.write(
    `"${project}" is not a checkout of ${PACKAGE} and has not installed it. So the plugin found no MCP server to start. Run "npm install ${PACKAGE}" there, or "fleet mcp install claude-code" in a checkout.\n`,
  );
  process.exitCode = 1;
} else {
  const program = join(homes[0], 'cli', 'fleet.js');
  process.argv = [process.execPath, program, 'mcp'];
  await import(pathToFileURL(program).href);
}

/** True if the folder is the package and contains its program. */
function holdsProgram(folder) {
  try {
    const { name } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    return name === PACKAGE && existsSync(join(folder, 'cli', 'fleet.js'));
  } catch {
    return false;
  }
}
