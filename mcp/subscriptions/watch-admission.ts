import { orUndefined } from '../../core/errors.ts';
import type { Permission } from '../admission/permissions.ts';
import { reachOf } from '../admission/reach.ts';
import { sameTool, withSameTools } from '../admission/same-tool.ts';
import { readingOf, type Subject } from '../admission/subject.ts';
import type { Connection } from '../engine/connection.ts';
import { readContext, type Surroundings } from '../engine/context.ts';
import { executionAt } from './execution-watcher.ts';

/** The permission for a subscription to addresses. Only executions are watched, so the permission to read executions is enough. */
export const WATCHING: Permission = 'executions:read';

/** Decides what a client may watch. */
export interface WatchAdmission {
  /** What a request that subscribes to addresses is about. */
  subjectOf(method: string): Promise<Subject>;
  /** @throws OutOfReach if an address shows an execution that the caller may not read */
  mustReach(addresses: readonly string[], connection: Connection): Promise<void>;
}

export function createWatchAdmission(surroundings: Surroundings): WatchAdmission {
  return {
    // A subscription to a task tells what `tasks/get` tells, and that tells what the resources of executions tell.
    subjectOf: (method) => withSameTools(readingOf(method, WATCHING), [sameTool('methods', 'tasks/get')], surroundings),
    async mustReach(addresses, { caller }) {
      const { config, log } = surroundings;
      const executionIds = new Set(addresses.flatMap((uri) => executionAt(uri) ?? []));
      if (executionIds.size === 0 || !reachOf(caller, config).limits(WATCHING)) return;
      const { signal } = new AbortController();
      const { conductor } = await readContext({ caller, signal, log }, surroundings);
      for (const id of executionIds) await orUndefined(conductor.getExecution(id, { includeTasks: false }));
    },
  };
}
