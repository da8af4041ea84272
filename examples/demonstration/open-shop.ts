import { serverStatus } from '../../core/conductor/ensure-server.ts';
import type { Config } from '../../core/config.ts';
import { FleetError } from '../../core/errors.ts';
import type { Logger } from '../../core/log.ts';
import { settings } from '../../core/settings/settings.ts';
import { isShop } from '../shop/services/health.ts';
import { startShop } from '../shop/start-shop.ts';

export interface OpenShop {
  url: string;
  /** Closes the shop if this process opened it. */
  close(): Promise<void>;
}

/** Address at which the shop's scripted model speaks OpenAI's protocol. */
export function llmBaseUrl(shopUrl: string): string {
  return `${shopUrl}/llm`;
}

export interface OpenShopOptions {
  log: Logger;
  /** Called with a sentence if the shop opens at another address than configured. */
  note(line: string): void;
}

/**
 * The shop for the demonstration: a running shop, a service on another machine, or a new shop. If a running Conductor server already knows
 * the address of the scripted model, a new shop opens at that address.
 */
export async function openShop(config: Config, { log, note }: OpenShopOptions): Promise<OpenShop> {
  const { llmBaseUrl: known } = await serverStatus(config);
  const wanted = new URL(known ? known.replace(/\/llm$/, '') : config.shopUrl);
  const url = wanted.href.replace(/\/+$/, '');
  if (url !== config.shopUrl.replace(/\/+$/, '')) {
    note(`The running server calls the scripted model at ${url}, so the shop is there and not at ${config.shopUrl}.`);
  }
  const host = hostToOpen(wanted);
  if (host === undefined || (await isShop(url))) return { url, close: async () => undefined };
  try {
    return await startShop({ host, port: wanted.port === '' ? 80 : Number(wanted.port), log });
  } catch (error) {
    const isDefault = config.shopUrl === settings.shopUrl.schema.parse(undefined) && !known;
    if (!isDefault || !(error instanceof FleetError) || error.code !== 'environment') throw error;
    const shop = await startShop({ port: 0, log });
    note(`Another program uses port ${wanted.port}, so the shop uses port ${shop.port}.`);
    return shop;
  }
}

/** The address at which this process can open a shop for this URL. Undefined if the URL names another machine or a path. */
function hostToOpen({ protocol, hostname, pathname }: URL): string | undefined {
  if (protocol !== 'http:' || pathname !== '/') return undefined;
  return { localhost: '127.0.0.1', '127.0.0.1': '127.0.0.1', '[::1]': '::1' }[hostname];
}
