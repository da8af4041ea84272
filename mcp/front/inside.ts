import { randomUUID } from 'node:crypto';
import { type AuditFolderConfig, auditFolder } from '../../core/audit/folder.ts';
import type { Config } from '../../core/config.ts';
import type { Logger } from '../../core/log.ts';
import type { Admitted, Enter, Refused } from '../admission/admit.ts';
import { mayUse } from '../admission/may-use.ts';
import { type Caller, isReading, type Permission, permissions } from '../admission/permissions.ts';
import { reachOf } from '../admission/reach.ts';
import { withSameTools } from '../admission/same-tool.ts';
import { readingOf } from '../admission/subject.ts';
import type { Connect, Connection } from '../engine/connection.ts';
import { readContext, type ToolSurroundings } from '../engine/context.ts';
import type { ReadContext } from '../engine/define-tool.ts';
import { chosenTools } from '../engine/toolsets.ts';

/** A request that only reads, of a part of this process that is no MCP feature. */
export interface Reading {
  /** Names the kind of request in the audit log, such as `console/watch`. */
  readonly method: string;
  /** What it reads. */
  readonly params: Readonly<Record<string, unknown>>;
  readonly permission: Permission;
  /** The tools that show the same. A setting that withholds one of them withholds this reading too. */
  readonly sameAs: readonly string[];
  readonly signal?: AbortSignal;
}

/**
 * What other parts of the process need to serve the callers of the MCP server, such as the console. They have the same callers, the same
 * admission and the same limits. Changes go through tool calls.
 */
export interface Inside {
  readonly connect: Connect;
  /** Lets a reading in or refuses it. */
  enter(reading: Reading, connection: Connection): Promise<Admitted | Refused>;
  /** What a caller may read. */
  contextOf(caller: Caller, signal: AbortSignal): Promise<ReadContext>;
  /** Two callers with the same key read the same. Undefined for a caller whose reading is not limited. */
  readingKey(caller: Caller): string | undefined;
  /** The names of the tools that a caller may use. */
  usableTools(connection: Connection): Promise<string[]>;
  /** Whether a caller may read this at all. What is read can still be limited. */
  mayRead(reading: Pick<Reading, 'method' | 'permission' | 'sameAs'>, caller: Caller): Promise<boolean>;
  /** Where requests are recorded. Undefined if they are not. */
  readonly auditFolder: string | undefined;
}

interface InsideOptions extends ToolSurroundings {
  readonly enter: Enter;
  readonly connect: Connect;
  readonly config: ToolSurroundings['config'] &
    Pick<Config, 'mcpToolsets' | 'mcpTools' | 'mcpAudit'> &
    AuditFolderConfig;
  readonly log: Logger;
}

const READING: readonly Permission[] = permissions.filter(isReading);

export function insideOf(options: InsideOptions): Inside {
  const { enter, connect, config, log, tools } = options;
  return {
    connect,
    enter({ method, params, permission, sameAs, signal }, { caller, peer }) {
      const id = randomUUID().slice(0, 8);
      const find = () => withSameTools(readingOf(method, permission), sameAs, options);
      return enter({ id, caller, peer, method, params, countsAgainstRateLimit: true, signal, find });
    },
    contextOf: (caller, signal) => readContext({ caller, signal, log }, options),
    readingKey(caller) {
      const reach = reachOf(caller, config);
      return READING.some((permission) => reach.limits(permission)) ? JSON.stringify(caller) : undefined;
    },
    async usableTools({ caller, choice }) {
      return chosenTools(choice, await tools())
        .filter((tool) => mayUse(tool, caller, config))
        .map(({ name }) => name);
    },
    async mayRead({ method, permission, sameAs }, caller) {
      return mayUse(await withSameTools(readingOf(method, permission), sameAs, options), caller, config);
    },
    auditFolder: config.mcpAudit ? auditFolder(config) : undefined,
  };
}
