import { z } from 'zod';

/** The field of a stored definition that holds the offer. The server stores this field, and only this project reads it. */
const metadata = z.looseObject({ mcp: z.unknown() });

const offerSchema = z.object({
  purpose: z.string().min(1).max(1000),
  readOnly: z.boolean().default(false),
  destructive: z.boolean().optional(),
  idempotent: z.boolean().default(false),
  openWorld: z.boolean().default(true),
  waitSeconds: z.int().min(0).max(45).default(20),
  idempotencyKey: z.string().min(1).max(200).optional(),
});

/** How a workflow is offered to MCP clients as a tool of its own. */
export interface McpOffer {
  /** What the workflow is for, in a sentence or two of at most 1000 characters. A model reads it to decide whether to call the tool. */
  purpose: string;
  /** True if a run changes nothing anywhere. Default false. */
  readOnly?: boolean;
  /** True if a run may destroy something. Default: true unless `readOnly`, because clients ask a person before destructive calls. */
  destructive?: boolean;
  /** True if a second run with the same input has no further effect. Default: true with `readOnly` or an `idempotencyKey`, else false. */
  idempotent?: boolean;
  /** False if a run reaches nothing outside of Conductor and its workers. Default true. */
  openWorld?: boolean;
  /** How long a call waits for the output before it answers with the execution's id, in seconds. 0 to 45, default 20. */
  waitSeconds?: number;
  /** A template such as `order-{orderId}`. Calls that give the same key get the same execution. */
  idempotencyKey?: string;
}

/** An offer with all its defaults filled in. */
export type Offer = Required<Omit<McpOffer, 'idempotencyKey'>> & { idempotencyKey: string | undefined };

/** Returns the `metadata` of a definition with this offer. @throws ZodError if the offer is not valid */
export function offerMetadata(offer: McpOffer): { mcp: McpOffer } {
  offerSchema.parse(offer);
  return { mcp: offer };
}

/** The offer in a stored definition; undefined if there is no offer or if it cannot be read. */
export function offerOf(def: Readonly<Record<string, unknown>>): Offer | undefined {
  const found = offerSchema.safeParse(metadata.safeParse(def.metadata).data?.mcp).data;
  return found && decided(found);
}

/** Makes an offer for a definition without one, because a user wants this workflow as a tool. */
export function plainOffer(purpose: string): Offer {
  return decided(offerSchema.parse({ purpose: purpose.slice(0, 1000) }));
}

function decided({ destructive, idempotent, idempotencyKey, ...offer }: z.output<typeof offerSchema>): Offer {
  return {
    ...offer,
    destructive: destructive ?? !offer.readOnly,
    idempotent: idempotent || offer.readOnly || idempotencyKey !== undefined,
    idempotencyKey,
  };
}
