import { readFileSync } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';
import type { Agent, Dispatcher } from 'undici';
import type { Config } from '../../config.ts';
import { FleetError, messageOf } from '../../errors.ts';
import { named } from '../../settings/named.ts';
import type { SettingName } from '../../settings/settings.ts';

/** TLS and proxy settings of the connection to the server. */
export type TransportConfig = Partial<
  Pick<Config, 'conductorTlsCaPath' | 'conductorTlsCertPath' | 'conductorTlsKeyPath' | 'conductorProxyUrl'>
>;

/**
 * The group of connections that a request uses. Each lane has its own connections: results do not wait behind long polls, and heartbeats do
 * not wait behind results that hang.
 */
export type Lane = 'poll' | 'result' | 'other';

export interface HttpRequest {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  url: URL;
  headers?: Record<string, string>;
  body?: string;
  signal: AbortSignal;
  lane: Lane;
}

export interface HttpAnswer {
  status: number;
  /** Empty if the server sends none. */
  contentType: string;
  text: string;
}

/** Connections that are kept open between requests, in lanes that do not wait for each other. */
export interface Transport {
  /**
   * Resolves with the server's answer, even if its HTTP status is an error.
   * @throws the reason of an aborted signal, or an error of the connection
   */
  send(request: HttpRequest): Promise<HttpAnswer>;
  /** Closes the connections once their requests have been answered. */
  close(): void;
}

/**
 * Sends requests through undici's dispatchers, which need a sixth of the processor time of `fetch`. The first request loads undici, so
 * commands without a request start fast.
 */
export function createTransport(config: TransportConfig): Transport {
  let lanes: Promise<Record<Lane, Dispatcher>> | undefined;
  return {
    async send({ method, url, headers, body, signal, lane }) {
      lanes ??= openLanes(config);
      const dispatcher = (await lanes)[lane];
      signal.throwIfAborted();
      const options = {
        origin: url.origin,
        path: url.pathname + url.search,
        method,
        headers: headers ?? null,
        body: body ?? null,
        // The signal limits the whole request, including a slow answer.
        headersTimeout: 0,
        bodyTimeout: 0,
      };
      return answerTo(dispatcher, options, signal);
    },
    close() {
      lanes
        ?.then((opened) => Promise.all(Object.values(opened).map((dispatcher) => dispatcher.close())))
        .catch(() => undefined); // closed already, or never opened
    },
  };
}

/** Sends one request and assembles its answer. */
function answerTo(
  dispatcher: Dispatcher,
  options: Dispatcher.DispatchOptions,
  signal: AbortSignal,
): Promise<HttpAnswer> {
  const answer = Promise.withResolvers<HttpAnswer>();
  let controller: Dispatcher.DispatchController | undefined;
  const abort = () => {
    answer.reject(signal.reason); // a request that waits for a connection has no controller yet
    controller?.abort(signal.reason);
  };
  signal.addEventListener('abort', abort, { once: true });
  const done = () => signal.removeEventListener('abort', abort);
  let status = 0;
  let contentType = '';
  // Each piece is decoded when it arrives, so that a large answer is complete text right after its last piece.
  const decoder = new StringDecoder('utf8');
  let text = '';
  dispatcher.dispatch(options, {
    onRequestStart(started) {
      controller = started;
      if (signal.aborted) started.abort(signal.reason);
    },
    onResponseStart(_, statusCode, headers) {
      status = statusCode;
      const type = headers['content-type'];
      if (typeof type === 'string') contentType = type;
    },
    onResponseData(_, chunk) {
      text += decoder.write(chunk);
    },
    onResponseEnd() {
      done();
      answer.resolve({ status, contentType, text: text + decoder.end() });
    },
    onResponseError(_, error) {
      done();
      answer.reject(error);
    },
  });
  return answer.promise;
}

/**
 * Limit for results, and for other calls, that are under way at once. More of them would only wait in the server. Polls have no limit,
 * because they wait on purpose.
 */
const MAX_CONNECTIONS = 64;

async function openLanes(config: TransportConfig): Promise<Record<Lane, Dispatcher>> {
  const open = await opener(config);
  return { poll: open(null), result: open(MAX_CONNECTIONS), other: open(MAX_CONNECTIONS) };
}

/** The type is `string`, because undici declares the types of this module only under its main entry. */
const AGENT: string = 'undici/lib/dispatcher/agent.js';

/** Without a proxy, loads only the module that it needs. undici's main entry also loads its fetch, caches and sockets: 13 MB that are not used here. */
async function opener(config: TransportConfig): Promise<(connections: number | null) => Dispatcher> {
  const tls = tlsOptions(config);
  const uri = config.conductorProxyUrl;
  if (uri === undefined) {
    const direct = (await import(AGENT)) as { default: typeof Agent };
    return (connections) => new direct.default({ connections, connect: tls });
  }
  // Only the main entry gives dispatchers the method `connect`, with which a proxy opens its tunnel.
  const { ProxyAgent } = await import('undici');
  return (connections) => new ProxyAgent({ uri, connections, requestTls: tls });
}

function tlsOptions({ conductorTlsCaPath, conductorTlsCertPath, conductorTlsKeyPath }: TransportConfig) {
  return {
    ...(conductorTlsCaPath !== undefined && { ca: read(conductorTlsCaPath, 'conductorTlsCaPath') }),
    ...(conductorTlsCertPath !== undefined && { cert: read(conductorTlsCertPath, 'conductorTlsCertPath') }),
    ...(conductorTlsKeyPath !== undefined && { key: read(conductorTlsKeyPath, 'conductorTlsKeyPath') }),
  };
}

function read(file: string, setting: SettingName): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new FleetError('config', `Cannot read ${file}: ${messageOf(cause)}`, {
      remedy: `Name a readable PEM file in ${named(setting)}.`,
      cause,
    });
  }
}
