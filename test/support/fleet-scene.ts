import { expect } from 'vitest';
import type { Change } from '../../workflows/manage/change.ts';
import { contentFolder } from './content-folder.ts';
import { runFleetCommand, unique } from './product.ts';

/** A unique name. */
export const ownName = (prefix: string) => unique(`apply_${prefix}`).replaceAll('-', '_');

/** Makes a fleet, a folder and a workflow name for one test, with commands that use them. So tests can run at the same time. */
export function fleetScene() {
  const fleet = ownName('fleet');
  const folder = contentFolder(fleet);
  const plan = async (...args: string[]): Promise<{ code: number | null; text: string }> => {
    const { code, stdout, stderr } = await runFleetCommand(['plan', ...folder.flags, ...args]);
    return { code, text: stdout + stderr };
  };
  const changes = async (...args: string[]): Promise<Change[]> => {
    const { stdout } = await runFleetCommand(['plan', ...folder.flags, '--json', ...args]);
    return JSON.parse(stdout).changes;
  };
  const apply = async (...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await runFleetCommand(['apply', ...folder.flags, '--yes', ...args]);
    expect(code, stderr).toBe(0);
    return stdout;
  };
  return { fleet, folder, greet: ownName('greet'), plan, changes, apply };
}
