import { randomUUID } from 'node:crypto';
import { FleetError } from '../../core/errors.ts';
import { rateLimit } from '../admission/rate-limit.ts';
import { readContext, type Surroundings } from '../engine/context.ts';
import type { ReadContext } from '../engine/define-tool.ts';
import { protocolError } from '../engine/error-result.ts';
import { type Caller, isAllowed, type Permission } from '../engine/permissions.ts';

/** A request that is no call of a tool. */
export interface ReadRequest {
  readonly method: string;
  readonly caller: Caller;
  readonly signal: AbortSignal;
}

/**
 * Answers a request: `find` says what it is about and which permission that needs, `work` does it. Whatever is thrown becomes an error
 * of the protocol with the same sentences that a tool would answer with.
 */
export type Answer = <F extends { permission: Permission; name: string }, T>(
  request: ReadRequest,
  find: () => Promise<F>,
  work: (found: F, context: ReadContext) => Promise<T>,
) => Promise<T>;

/** Each part of the protocol that reads has a rate limit of its own, beside that of the calls of tools. */
export function createAnswer(surroundings: Surroundings): Answer {
  const { config, log, now } = surroundings;
  const limited = rateLimit(config.rateLimitRpm, now);
  return async ({ method, caller, signal }, find, work) => {
    const asked = { id: randomUUID().slice(0, 8), tool: { name: method, annotations: { readOnlyHint: true } }, signal };
    try {
      const found = await find();
      if (!isAllowed(caller, found.permission)) throw refusal(found, caller);
      return await limited(asked, async () => {
        const own = log.child({ method, name: found.name, request: asked.id });
        return work(found, await readContext({ caller, signal, log: own }, surroundings));
      });
    } catch (error) {
      throw protocolError(error, asked, log);
    }
  };
}

function refusal({ name, permission }: { name: string; permission: Permission }, { role }: Caller): FleetError {
  return new FleetError('denied', `${name} needs ${permission}, which the role ${role} does not give.`, {
    remedy: 'Ask for a role that may do this (MCP_ROLE).',
  });
}
