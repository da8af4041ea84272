import { FleetError } from './errors.ts';

/** The characters that every part of Conductor takes in a name. */
const USUAL = /^[\w.-]+$/;

/**
 * Why the server can never fetch or delete something of this name, as the end of a sentence; undefined if it can. It stores any name, but
 * answers 400 or 404 to every URL with such a name, encoded or not: seen on the real server for workflows, tasks, schedules and event handlers.
 */
export function unreachableName(name: string): string | undefined {
  const [found] = /[/\\\0]/.exec(name) ?? [];
  if (found !== undefined) return `it contains ${found === '\0' ? 'a null character' : `"${found}"`}`;
  if (name === '.' || name === '..') return 'a URL drops it as a part of its path';
  return name.isWellFormed() ? undefined : 'it contains half of a character, which no URL can contain';
}

/**
 * The one rule for the names of definitions, wherever they come from.
 * @throws FleetError `config` for a name that the server can never fetch or delete
 */
export function requireReachableName(kind: 'task' | 'workflow' | 'schedule' | 'event handler', name: string): void {
  const why = unreachableName(name);
  if (why === undefined) return;
  const message = `A ${kind} cannot be called ${JSON.stringify(name)}: ${why}, so the server could never fetch or delete it.`;
  throw new FleetError('config', message, { remedy: NAME_REPAIR });
}

/** True for a name of letters, digits, `.`, `-` and `_`, which needs no care in any URL, search or shell. */
export function isUsualName(name: string): boolean {
  return USUAL.test(name) && unreachableName(name) === undefined;
}

/** What to do about a name that is not usual. */
export const NAME_REPAIR = 'Use letters, digits, ".", - and _.';
