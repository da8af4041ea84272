import type { StoredWorkflowDef } from '../../core/conductor/types.ts';
import { type Offer, offerOf, plainOffer } from '../../core/content/mcp-offer.ts';

/** Which workflows become tools. In a name, `*` matches any characters. */
export interface WorkflowChoice {
  /** Workflows that become tools, marked or not. Empty: all workflows that are marked as tools. */
  readonly allow: readonly string[];
  /** Workflows that never become tools, even if `allow` names them. */
  readonly deny: readonly string[];
  /** At most this many workflows become tools. */
  readonly most: number;
}

/** A definition, and the settings with which it is offered as a tool. */
export interface Offered {
  readonly def: StoredWorkflowDef;
  readonly offer: Offer;
}

/** The chosen definitions, sorted by name, and how many were left out because of `most`. */
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
