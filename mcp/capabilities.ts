import { CLIENT_CAPABILITIES_META_KEY, type ServerContext } from '@modelcontextprotocol/server';
import { z } from 'zod';

const settings = z.record(z.string(), z.unknown());

const capabilities = z.object({
  elicitation: settings.optional(),
  sampling: settings.optional(),
  extensions: z.record(z.string(), settings).optional(),
});

/** What a client says it can do, as far as answers depend on it. */
export type Capabilities = z.output<typeof capabilities>;

const envelope = z.object({ [CLIENT_CAPABILITIES_META_KEY]: capabilities });

/**
 * What the client of a request can do: a request of the 2026 revision says so itself, before that it was said once when the client
 * connected. Nothing where neither is known, as over HTTP without a session.
 */
export function capabilitiesOf({ mcpReq }: ServerContext, connected: unknown): Capabilities {
  const own = envelope.safeParse(mcpReq.envelope);
  if (own.success) return own.data[CLIENT_CAPABILITIES_META_KEY];
  return capabilities.safeParse(connected).data ?? {};
}
