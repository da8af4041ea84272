import { ProtocolError, type ReadResourceResult, ResourceNotFoundError } from '@modelcontextprotocol/server';
import { isLock } from '../../core/conductor/lock.ts';
import { FleetError, messageOf } from '../../core/errors.ts';
import { lazy } from '../../core/lazy.ts';
import { clip } from '../../core/text.ts';
import { mistakesIn } from '../engine/arguments.ts';
import { readContext, type Surroundings } from '../engine/context.ts';
import type { Connection, Feature } from '../engine/mcp-server.ts';
import { isAllowed } from '../engine/permissions.ts';
import { type Address, readTemplate } from './address.ts';
import type { Resource } from './define-resource.ts';
import { type Answer, createAnswer } from './request.ts';
import { contentsFrom, readOffset } from './resource-contents.ts';

const MOST_CHARACTERS = 100_000;
const PAGE = 100;
/** More of a wrong address helps nobody. */
const SHOWN_ADDRESS = 200;

interface Known {
  readonly resource: Resource;
  readonly address: Address;
}

export interface ResourcesOptions extends Surroundings {
  /** Asked at the first request for them. */
  readonly resources: () => Promise<readonly Resource[]>;
}

/** `resources/list`, `resources/templates/list` and `resources/read`. */
export function createResources(options: ResourcesOptions): Feature {
  const known = lazy(async () => (await options.resources()).map(knownOf).sort(bySegments));
  const answer = createAnswer(options);
  return {
    capabilities: { resources: { subscribe: true } },
    attach(server, connection) {
      const visible = async () =>
        (await known()).filter(({ resource }) => isAllowed(connection.caller, resource.permission));
      server.setRequestHandler('resources/list', async ({ params }, { mcpReq }) =>
        list(await visible(), connection, { ...options, signal: mcpReq.signal, cursor: params?.cursor }),
      );
      server.setRequestHandler('resources/templates/list', async () => ({
        resourceTemplates: (await visible()).filter(hasParameters).map(({ resource }) => ({
          ...listingOf(resource),
          uriTemplate: resource.uriTemplate,
        })),
      }));
      server.setRequestHandler('resources/read', ({ params: { uri } }, { mcpReq }) =>
        read(uri, known, { answer, connection, signal: mcpReq.signal }),
      );
    },
  };
}

const knownOf = (resource: Resource): Known => ({ resource, address: readTemplate(resource.uriTemplate) });
/** `{name}/diagram` before `{name}/{version}`. */
const bySegments = (a: Known, b: Known) => a.address.segments - b.address.segments;
const hasParameters = ({ address }: Known) => address.names.length > 0;

function listingOf({ name, title, description, mimeType, meta }: Resource) {
  return { name, title, description, mimeType, ...(meta && { _meta: { ...meta } }) };
}

interface ListOptions extends Surroundings {
  readonly signal: AbortSignal;
  /** The name after which the page begins. */
  readonly cursor: string | undefined;
}

/** What has an address of its own, then the definitions by name. Without a server only the former. */
async function list(visible: readonly Known[], { caller }: Connection, options: ListOptions) {
  const { signal, log, cursor } = options;
  const fixed = visible
    .filter((one) => !hasParameters(one))
    .map(({ resource }) => ({ ...listingOf(resource), uri: resource.uriTemplate }));
  try {
    const { definitions } = await readContext({ caller, signal, log }, options);
    const names = [...(await definitions.index()).keys()].filter((name) => !isLock(name)).sort();
    const after = cursor === undefined ? names : names.filter((name) => name > decodeCursor(cursor));
    const page = after.slice(0, PAGE);
    const last = page.at(-1);
    return {
      resources: [...(cursor === undefined ? fixed : []), ...page.map(definitionListing)],
      ...(after.length > PAGE && last !== undefined && { nextCursor: encodeCursor(last) }),
    };
  } catch (err) {
    signal.throwIfAborted();
    log.debug({ err }, `definitions could not be listed: ${messageOf(err)}`);
    return { resources: cursor === undefined ? fixed : [] };
  }
}

function definitionListing(name: string) {
  const uri = `conductor://workflows/${encodeURIComponent(name)}`;
  return { uri, name, title: `Workflow ${name}`, mimeType: 'application/json' };
}

const encodeCursor = (name: string) => Buffer.from(name).toString('base64url');
const decodeCursor = (cursor: string) => Buffer.from(cursor, 'base64url').toString();

interface ReadOptions {
  readonly answer: Answer;
  readonly connection: Connection;
  readonly signal: AbortSignal;
}

async function read(
  uri: string,
  known: () => Promise<readonly Known[]>,
  { answer, connection: { caller }, signal }: ReadOptions,
): Promise<ReadResourceResult> {
  try {
    return await answer(
      { method: 'resources/read', caller, signal },
      async () => find(uri, await known()),
      async ({ resource, values, offset, whole }, context) => {
        const params = resource.params.safeParse(values);
        if (!params.success)
          throw new FleetError(
            'input',
            mistakesIn(params.error, values, { name: resource.name, schema: resource.params }),
          );
        const { text, mimeType = resource.mimeType } = await resource.read(params.data, context);
        const limits = { characters: resource.mostCharacters ?? MOST_CHARACTERS, bytes: context.maxResponseBytes };
        return { contents: contentsFrom({ uri: whole, text, mimeType, meta: resource.meta }, offset, limits) };
      },
    );
  } catch (error) {
    // The two eras have codes of their own for this; the SDK knows which.
    const isMissing =
      error instanceof ProtocolError && error.cause instanceof FleetError && error.cause.code === 'not-found';
    throw isMissing ? new ResourceNotFoundError(uri, error.message) : error;
  }
}

function find(uri: string, known: readonly Known[]) {
  const { offset, whole } = readOffset(uri);
  for (const { resource, address } of known) {
    const values = address.match(whole);
    if (values) return { name: resource.name, permission: resource.permission, resource, values, offset, whole };
  }
  const templates = known.map(({ resource }) => resource.uriTemplate).join(', ');
  throw new FleetError('not-found', `There is no resource ${JSON.stringify(clip(uri, SHOWN_ADDRESS))}.`, {
    remedy: `Addresses are ${templates}; values are percent-encoded.`,
  });
}
