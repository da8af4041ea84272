import { type ReadResourceResult, ResourceNotFoundError } from '@modelcontextprotocol/server';
import { isLock } from '../../core/conductor/lock-names.ts';
import { FleetError, messageOf } from '../../core/errors.ts';
import { lazy } from '../../core/lazy.ts';
import { clip } from '../../core/text.ts';
import { mayUse } from '../admission/may-use.ts';
import type { Caller } from '../admission/permissions.ts';
import { sameTool, withSameTools } from '../admission/same-tool.ts';
import { readingOf, type Subject } from '../admission/subject.ts';
import { mistakesIn } from '../engine/arguments/parse-arguments.ts';
import { readContext, type Surroundings } from '../engine/context.ts';
import { protocolError } from '../engine/error-result.ts';
import type { Feature } from '../engine/mcp-server.ts';
import { onlyPage } from '../engine/only-page.ts';
import type { AdmittedRequest } from '../engine/requests.ts';
import { wrongCursor } from '../shared/cursor.ts';
import { type Address, readTemplate } from './address.ts';
import type { Resource } from './define-resource.ts';
import { contentsFrom, readOffset } from './resource-contents.ts';

const MOST_CHARACTERS = 100_000;
const PAGE = 100;
/** Characters of a wrong address that an error repeats. */
const SHOWN_ADDRESS = 200;

interface Known {
  readonly resource: Resource;
  readonly address: Address;
}

export interface ResourcesOptions extends Surroundings {
  /** Loads all built-in resources when it is first called. */
  readonly resources: () => Promise<readonly Resource[]>;
}

/** `resources/list`, `resources/templates/list` and `resources/read`. */
export function createResources(options: ResourcesOptions): Feature {
  const known = lazy(async () => (await options.resources()).map(knownOf).sort(bySegments));
  const visibleTo = async (caller: Caller) => {
    const subjects = await Promise.all(
      (await known()).map(async (one) => ({ one, is: await subjectOf(one.resource, options) })),
    );
    return subjects.filter(({ is }) => mayUse(is, caller, options.config)).map(({ one }) => one);
  };
  return {
    capabilities: { resources: { subscribe: true } },
    attach(requests) {
      requests.answer('resources/list', {
        find: () => readingOf('resources/list', 'none'),
        handle: async (_subject, request) => list(await visibleTo(request.connection.caller), request, options),
      });
      requests.answer('resources/templates/list', {
        countsAgainstRateLimit: false,
        find: (params) => onlyPage('resources/templates/list', params),
        handle: async (_subject, { connection: { caller } }) => ({
          resourceTemplates: (await visibleTo(caller)).filter(hasParameters).map(({ resource }) => ({
            ...listingOf(resource),
            uriTemplate: resource.uriTemplate,
          })),
        }),
      });
      requests.answer('resources/read', {
        async find({ uri }) {
          const found = find(uri, await known());
          return { ...found, ...(await subjectOf(found.resource, options)) };
        },
        handle: (found, request) => read(found, request, options),
        fail(error, failed, { params: { uri } }) {
          const refusal = protocolError(error, failed, options.log);
          // The two eras use different codes for this error. The SDK picks the code.
          const isMissing = error instanceof FleetError && error.code === 'not-found';
          throw isMissing ? new ResourceNotFoundError(uri, refusal.message) : refusal;
        },
      });
    },
  };
}

const knownOf = (resource: Resource): Known => ({ resource, address: readTemplate(resource.uriTemplate) });
/** Sorts `{name}/diagram` before `{name}/{version}`. */
const bySegments = (a: Known, b: Known) => a.address.segments - b.address.segments;
const hasParameters = ({ address }: Known) => address.names.length > 0;

function subjectOf({ name, permission }: Resource, options: ResourcesOptions): Promise<Subject> {
  return withSameTools(readingOf(name, permission), [sameTool('resources', name)], options);
}

function listingOf({ name, title, description, mimeType, meta }: Resource) {
  return { name, title, description, mimeType, ...(meta && { _meta: { ...meta } }) };
}

/** The resources without parameters, then the definitions by name. If Conductor does not answer, the definitions are left out. */
async function list(visible: readonly Known[], request: ListRequest, options: ResourcesOptions) {
  const { params, connection, signal } = request;
  const cursor = params?.cursor === undefined ? undefined : decodeCursor(params.cursor);
  const fixed = (cursor === undefined ? visible : [])
    .filter((one) => !hasParameters(one))
    .map(({ resource }) => ({ ...listingOf(resource), uri: resource.uriTemplate }));
  const names = await withSameTools(readingOf('resources/list', 'none'), ['list_workflows'], options);
  const showsDefinitions =
    visible.some(({ address }) => address.match(definitionUri('any'))) &&
    mayUse(names, connection.caller, options.config);
  if (!showsDefinitions) return { resources: fixed };
  try {
    const { definitions } = await readContext({ caller: connection.caller, signal, log: options.log }, options);
    const names = [...(await definitions.index()).keys()].filter((name) => !isLock(name)).sort();
    const after = cursor === undefined ? names : names.filter((name) => name > cursor);
    const page = after.slice(0, PAGE);
    const last = page.at(-1);
    return {
      resources: [...fixed, ...page.map(definitionListing)],
      ...(after.length > PAGE && last !== undefined && { nextCursor: encodeCursor(last) }),
    };
  } catch (err) {
    signal.throwIfAborted();
    options.log.debug({ err }, `definitions could not be listed: ${messageOf(err)}`);
    return { resources: fixed };
  }
}

/** `cursor` is the name after which the page begins. */
type ListRequest = AdmittedRequest<{ readonly cursor?: string | undefined } | undefined>;

const definitionUri = (name: string) => `conductor://workflows/${encodeURIComponent(name)}`;

function definitionListing(name: string) {
  return { uri: definitionUri(name), name, title: `Workflow ${name}`, mimeType: 'application/json' };
}

/** Marks a text as a cursor of this server. */
const AFTER = 'after ';

const encodeCursor = (name: string) => Buffer.from(`${AFTER}${name}`).toString('base64url');
const decodeCursor = (cursor: string) => {
  const text = Buffer.from(cursor, 'base64url').toString();
  if (!text.startsWith(AFTER)) throw wrongCursor('send the request without a cursor.');
  return text.slice(AFTER.length);
};

/** The resource that an address names, and the text of the resource. */
interface Found extends Subject {
  readonly resource: Resource;
  readonly values: Readonly<Record<string, string>>;
  readonly offset: number;
  /** The address without the offset. */
  readonly whole: string;
}

async function read(
  { resource, values, offset, whole }: Found,
  { id, connection: { caller }, signal }: AdmittedRequest<unknown>,
  options: ResourcesOptions,
): Promise<ReadResourceResult> {
  const log = options.log.child({ resource: resource.name, request: id });
  const context = await readContext({ caller, signal, log }, options);
  const params = resource.params.safeParse(values);
  if (!params.success)
    throw new FleetError('input', mistakesIn(params.error, values, { name: resource.name, schema: resource.params }));
  const { text, mimeType = resource.mimeType } = await resource.read(params.data, context);
  const limits = { characters: resource.mostCharacters ?? MOST_CHARACTERS, bytes: context.maxResponseBytes };
  return { contents: contentsFrom({ uri: whole, text, mimeType, meta: resource.meta }, offset, limits) };
}

function find(uri: string, known: readonly Known[]): Found {
  const { offset, whole } = readOffset(uri);
  for (const { resource, address } of known) {
    const values = address.match(whole);
    if (values) return { ...readingOf(resource.name, resource.permission), resource, values, offset, whole };
  }
  const templates = known.map(({ resource }) => resource.uriTemplate).join(', ');
  throw new FleetError('not-found', `There is no resource ${JSON.stringify(clip(uri, SHOWN_ADDRESS))}.`, {
    remedy: `Addresses are ${templates}; values are percent-encoded.`,
  });
}
