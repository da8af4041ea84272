import { serverStatus } from '../../core/conductor/ensure-server.ts';
import type { Config } from '../../core/config.ts';
import { FleetError } from '../../core/errors.ts';
import type { Logger } from '../../core/log.ts';
import { settings } from '../../core/settings/settings.ts';
import { isShop } from '../shop/services/health.ts';
import { startShop } from '../shop/start-shop.ts';

export interface OpenShop {
  url: string;
  /** Closes it if this process opened it. */
  close(): Promise<void>;
}

/** Where the shop's scripted model speaks the OpenAI-compatible protocol. */
export function llmBaseUrl(shopUrl: string): string {
  return `${shopUrl}/llm`;
}

/**
 * The shop to demonstrate with: the one that runs already, a service elsewhere, or one of our own. A server that runs already knows
 * the scripted model by one address; then the shop opens there.
 */
export async function openShop(config: Config, log: Logger): Promise<OpenShop> {
  const { llmBaseUrl: known } = await serverStatus(config);
  const wanted = new URL(known ? known.replace(/\/llm$/, '') : config.shopUrl);
  const url = wanted.href.replace(/\/+$/, '');
  const host = hostToOpen(wanted);
  if (host === undefined || (await isShop(url))) return { url, close: async () => undefined };
  try {
    return await startShop({ host, port: wanted.port === '' ? 80 : Number(wanted.port), log });
  } catch (error) {
    const isDefault = config.shopUrl === settings.shopUrl.schema.parse(undefined) && !known;
    if (isDefault && error instanceof FleetError && error.code === 'environment') return startShop({ port: 0, log });
    throw error;
  }
}

/** Where a shop of ours could open to be found there; nothing for an address that is not ours to open. */
function hostToOpen({ protocol, hostname, pathname }: URL): string | undefined {
  if (protocol !== 'http:' || pathname !== '/') return undefined;
  return { localhost: '127.0.0.1', '127.0.0.1': '127.0.0.1', '[::1]': '::1' }[hostname];
}
