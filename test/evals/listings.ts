import { z } from 'zod';
import type { StoredWorkflowDef } from '../../core/conductor/types.ts';
import { discover } from '../../core/content/discover.ts';
import { offerOf } from '../../core/content/mcp-offer.ts';
import { isTool } from '../../mcp/engine/define-tool.ts';
import { listingOf, type ToolListing } from '../../mcp/engine/tool-listing.ts';
import { workflowTool } from '../../mcp/workflow-tools/workflow-tool.ts';
import { defineWorkflow } from '../../workflows/dsl/define-workflow.ts';

/** Two example workflows that the server offers as tools. They do everyday jobs, while all other tools manage workflows. */
const offered = [
  defineWorkflow({
    name: 'book_meeting_room',
    version: 1,
    description: 'Books a room.',
    input: z.object({ people: z.int(), from: z.string(), to: z.string() }),
    output: z.object({}),
    mcp: { purpose: 'Reserves a meeting room for a number of people at a day and time.' },
  }).build(() => ({})),
  defineWorkflow({
    name: 'translate_document',
    version: 1,
    description: 'Translates a text.',
    input: z.object({ text: z.string(), language: z.string() }),
    output: z.object({}),
    mcp: { purpose: 'Translates a document, such as a contract, into French or another language.' },
  }).build(() => ({})),
];

/** Returns every tool of every toolset and the two example workflows, as `tools/list` shows them. */
export async function allListings(): Promise<ToolListing[]> {
  const tools = await discover(new URL('../../mcp/tools/', import.meta.url), isTool, 'tool');
  const workflows = offered.map(({ name, def }) => {
    const stored = def as unknown as StoredWorkflowDef; // safe: a tool shows none of the fields that the server adds
    const offer = offerOf(stored);
    if (!offer) throw new Error(`${name} is not offered`);
    return workflowTool({ def: stored, offer }, name);
  });
  return [...tools, ...workflows].map(listingOf);
}
