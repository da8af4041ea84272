import { CLIENT_CAPABILITIES_META_KEY, type ServerContext } from '@modelcontextprotocol/server';
import { z } from 'zod';

const settings = z.record(z.string(), z.unknown());

/** The declared capabilities of a client, as far as answers depend on them. */
export const capabilitiesSchema = z.object({
  elicitation: settings.optional(),
  sampling: settings.optional(),
  extensions: z.record(z.string(), settings).optional(),
});

export type Capabilities = z.output<typeof capabilitiesSchema>;

const envelope = z.object({ [CLIENT_CAPABILITIES_META_KEY]: capabilitiesSchema });

/**
 * The capabilities of a request's client. A request of the 2026 revision declares them itself. A client of 2025 declared them when it
 * connected. They are empty if neither is known, for example for a 2025 client over HTTP without a session.
 */
export function capabilitiesOf({ mcpReq }: ServerContext, connected: unknown): Capabilities {
  const own = mcpReq.envelope && envelope.safeParse(mcpReq.envelope);
  if (own?.success) return own.data[CLIENT_CAPABILITIES_META_KEY];
  return connected === undefined ? {} : (capabilitiesSchema.safeParse(connected).data ?? {});
}

/** Whether the client shows forms. A client that names no mode shows forms, because the first revision had no modes. */
export function showsForms({ elicitation }: Capabilities): boolean {
  return elicitation !== undefined && ('form' in elicitation || !('url' in elicitation));
}
