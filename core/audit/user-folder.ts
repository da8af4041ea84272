import { homedir } from 'node:os';
import { join } from 'node:path';
import { type Environment, processEnvironment } from '../config.ts';

/** The audit log of MCP servers that run outside a project, shared by all of them. */
export function userAuditFolder(
  environment: Environment = processEnvironment(),
  platform: NodeJS.Platform = process.platform,
): string {
  return join(userState(environment, platform), 'conductor-fleet', 'audit');
}

function userState({ XDG_STATE_HOME, LOCALAPPDATA }: Environment, platform: NodeJS.Platform): string {
  if (XDG_STATE_HOME) return XDG_STATE_HOME;
  if (platform === 'darwin') return join(homedir(), 'Library', 'Application Support');
  if (platform === 'win32' && LOCALAPPDATA) return LOCALAPPDATA;
  return join(homedir(), '.local', 'state');
}
