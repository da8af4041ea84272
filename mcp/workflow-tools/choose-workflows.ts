import type { StoredWorkflowDef } from '../../core/conductor/types.ts';
import { type Offer, offerOf, plainOffer } from '../../core/content/mcp-offer.ts';

/** Which workflows are tools: names with `*` for any characters. */
export interface WorkflowChoice {
  /** Those that are tools. Empty: all that are marked. A name that stands here is one even if it is not marked. */
  readonly allow: readonly string[];
  /** Never tools, whatever allows them. */
  readonly deny: readonly string[];
  /** At most so many. */
  readonly most: number;
}

/** A definition with the way it is offered. */
export interface Offered {
  readonly def: StoredWorkflowDef;
  readonly offer: Offer;
}

/** The chosen definitions by name, and how many had to be left out. */
export function chooseWorkflows(
  defs: readonly StoredWorkflowDef[],
  { allow, deny, most }: WorkflowChoice,
): { offered: Offered[]; leftOut: number } {
  const [allowed, denied] = [allow.map(matcher), deny.map(matcher)];
  const all = defs
    .filter(({ name }) => !denied.some((matches) => matches(name)))
    .filter(({ name }) => allowed.length === 0 || allowed.some((matches) => matches(name)))
    .flatMap((def) => {
      const offer = offerOf(def) ?? (allowed.length > 0 ? plainOffer(purposeOf(def)) : undefined);
      return offer ? [{ def, offer }] : [];
    })
    .sort((a, b) => (a.def.name < b.def.name ? -1 : 1));
  return { offered: all.slice(0, most), leftOut: Math.max(0, all.length - most) };
}

function purposeOf({ name, description }: StoredWorkflowDef): string {
  return description?.trim() || `Runs the workflow ${name}.`;
}

function matcher(pattern: string): (name: string) => boolean {
  const parts = pattern.split('*').map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'));
  const regex = new RegExp(`^${parts.join('.*')}$`);
  return (name) => regex.test(name);
}
