import { ProtocolError, ProtocolErrorCode } from '@modelcontextprotocol/server';
import { clip } from '../../core/text.ts';
import { mayUse, type UseSettings } from '../admission/may-use.ts';
import type { DefinitionCache } from '../shared/definition-cache.ts';
import { nearNames } from '../shared/near-names.ts';
import type { Changes } from '../subscriptions/change-bus.ts';
import type { Connection } from './connection.ts';
import type { Tool } from './define-tool.ts';
import { listingOf, type ToolListing } from './tool-listing.ts';
import { chosenTools } from './toolsets.ts';

/** Tools that depend on the Conductor server, such as workflows that are offered as tools. */
export interface ToolSource {
  /** All tools of this source at this moment. */
  list(): Promise<readonly Tool[]>;
  find(name: string): Promise<Tool | undefined>;
}

export interface CatalogueOptions {
  /** Loads all built-in tools on its first call. Thus a server can answer `initialize` before they are loaded. */
  readonly tools: () => Promise<readonly Tool[]>;
  readonly sources?: readonly ToolSource[];
  readonly config: UseSettings;
}

/** Lists the tools that a connection may use. */
export type ListTools = (connection: Connection) => Promise<ToolListing[]>;

/** Lists our tools, then the tools of the sources. */
export function toolLister({ tools, sources = [], config }: CatalogueOptions): ListTools {
  const ours = rememberedListings(config);
  return async (connection) => {
    const dynamic = await Promise.all(sources.map((source) => source.list()));
    return [...ours(connection, await tools()), ...listingsFor(connection, dynamic.flat(), config)];
  };
}

/** A tool that the server would refuse is not listed. */
function listingsFor(connection: Connection, tools: readonly Tool[], settings: UseSettings): ToolListing[] {
  return usableTools(connection, tools, settings).map(listingOf);
}

function usableTools({ caller, choice }: Connection, tools: readonly Tool[], settings: UseSettings): Tool[] {
  return chosenTools(choice, tools).filter((tool) => mayUse(tool, caller, settings));
}

/** How many different lists of our tools are kept in memory. */
const MOST_LISTS = 100;

/** Makes the list for each kind of caller and choice once, because a choice in a header is repeated with every request. */
function rememberedListings(
  settings: UseSettings,
): (connection: Connection, tools: readonly Tool[]) => readonly ToolListing[] {
  const known = new Map<string, readonly ToolListing[]>();
  return (connection, tools) => {
    const { caller, choice } = connection;
    const key = JSON.stringify([caller.role, caller.permissions, caller.team !== undefined, choice]);
    const listings = known.get(key) ?? listingsFor(connection, tools, settings);
    if (known.size < MOST_LISTS) known.set(key, listings);
    return listings;
  };
}

/** Finds a tool by its name. @throws ProtocolError invalid params if no tool has the name, or the tool is switched off */
export type FindTool = (name: string, connection: Connection) => Promise<Tool>;

/** Finds tools among ours and the tools of the sources. */
export function toolFinder({ tools, sources = [], config }: CatalogueOptions): FindTool {
  return async (name, connection) => {
    const { choice } = connection;
    const own = await tools();
    const tool = own.find((one) => one.name === name);
    if (tool && chosenTools(choice, [tool]).length > 0) return tool;
    for (const source of tool ? [] : sources) {
      const dynamic = await source.find(name);
      if (dynamic && chosenTools(choice, [dynamic]).length > 0) return dynamic;
    }
    throw tool
      ? switchedOff(tool)
      : unknownTool(
          name,
          usableTools(connection, own, config).map((one) => one.name),
        );
  };
}

function switchedOff({ name, toolset }: Tool): ProtocolError {
  const how = `The person who runs this MCP server can switch it on with --toolsets default,${toolset} or --tools ${name}. In code these are the options mcpToolsets and mcpTools.`;
  return new ProtocolError(
    ProtocolErrorCode.InvalidParams,
    `Tool ${name} belongs to the toolset ${toolset}, which is off. ${how}`,
  );
}

/** No tool has a longer name. An error therefore shows only this many characters of a wrong name. */
const SHOWN_NAME_LENGTH = 100;

function unknownTool(name: string, names: readonly string[]): ProtocolError {
  const shown = clip(name, SHOWN_NAME_LENGTH);
  const near = nearNames(shown, names, 1)[0];
  const hint = near ? `Did you mean ${near}?` : `The tools are ${names.join(', ')}.`;
  return new ProtocolError(ProtocolErrorCode.InvalidParams, `Tool ${shown} not found. ${hint}`);
}

/** How often this process checks for definitions that other processes changed. It sees its own changes at once. */
const LOOK_EVERY_MS = 5000;

interface Watched {
  readonly sources: readonly ToolSource[];
  readonly definitions: Pick<DefinitionCache, 'onChange'>;
  readonly changes: Pick<Changes, 'toolsChanged'>;
}

/** Tells the clients when the tools of the sources change. Returns a function that ends the watching. */
export function watchTools({ sources, definitions, changes }: Watched): () => void {
  let seen: string | undefined;
  let last = Promise.resolve();
  const look = () => {
    last = last.then(async () => {
      const listed = await Promise.all(sources.map((source) => source.list()));
      const mark = JSON.stringify(listed.flat().map(listingOf));
      if (seen !== undefined && mark !== seen) changes.toolsChanged();
      seen = mark;
    });
    // A failed check is ignored, because the next check tries again.
    last = last.catch(() => {});
  };
  look();
  const timer = setInterval(look, LOOK_EVERY_MS).unref();
  const forget = definitions.onChange(look);
  return () => {
    clearInterval(timer);
    forget();
  };
}
