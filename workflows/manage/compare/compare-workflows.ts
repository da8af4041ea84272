import { breaks } from './breaks.ts';
import { canonicalWorkflow } from './canonical.ts';
import { type Difference, differences } from './differences.ts';

type Json = Record<string, unknown>;

/** How two definitions of a workflow differ, and what would break if the new one replaced the old one. */
export interface Comparison {
  readonly differences: readonly Difference[];
  /** Sentences without a full stop. */
  readonly breaks: readonly string[];
}

/** Compares two definitions of one workflow, whatever form each has. */
export function compareWorkflows(before: Json, after: Json): Comparison {
  const [was, is] = [canonicalWorkflow(before), canonicalWorkflow(after)];
  return {
    differences: differences(without(was), without(is)),
    breaks: breaks(was, is).map(({ reason }) => reason),
  };
}

/** Leaves out fields that change nothing: the version number, and `enforceSchema`, which the server always writes and never reads. */
function without({ version: _, enforceSchema: __, ...rest }: Json): Json {
  return rest;
}
