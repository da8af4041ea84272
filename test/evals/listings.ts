import { discover } from '../../core/discover.ts';
import { isTool } from '../../mcp/define.ts';
import { listingOf, type ToolListing } from '../../mcp/schemas.ts';

/** Every tool of every toolset, as `tools/list` shows it. */
export async function allListings(): Promise<ToolListing[]> {
  return (await discover(new URL('../../mcp/tools/', import.meta.url), isTool, 'tool')).map(listingOf);
}
