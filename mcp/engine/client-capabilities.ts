import { CLIENT_CAPABILITIES_META_KEY, type ServerContext } from '@modelcontextprotocol/server';
import { z } from 'zod';

const settings = z.record(z.string(), z.unknown());

/** What a client declares, as far as answers depend on it. */
export const capabilitiesSchema = z.object({
  elicitation: settings.optional(),
  sampling: settings.optional(),
  extensions: z.record(z.string(), settings).optional(),
});

export type Capabilities = z.output<typeof capabilitiesSchema>;

const envelope = z.object({ [CLIENT_CAPABILITIES_META_KEY]: capabilitiesSchema });

/**
 * What the client of a request can do: a request of the 2026 revision says so itself, before that it was said once when the client
 * connected. Nothing where neither is known, as over HTTP without a session.
 */
export function capabilitiesOf({ mcpReq }: ServerContext, connected: unknown): Capabilities {
  const own = envelope.safeParse(mcpReq.envelope);
  if (own.success) return own.data[CLIENT_CAPABILITIES_META_KEY];
  return capabilitiesSchema.safeParse(connected).data ?? {};
}

/** Whether a form can be put before the client's person. One that names no mode means forms, as before there were modes. */
export function showsForms({ elicitation }: Capabilities): boolean {
  return elicitation !== undefined && ('form' in elicitation || !('url' in elicitation));
}
