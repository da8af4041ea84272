import type { McpRequestContext, McpServerFactory, Server, ServerEvent } from '@modelcontextprotocol/server';
import type { ChangeBus } from '../engine/change-bus.ts';

/** The factory for connections that stay open: their servers tell of changes by themselves. */
export function withChangeNotifications(build: McpServerFactory, changes: ChangeBus): McpServerFactory {
  return async (context) => {
    const product = await build(context);
    tellOfChanges('server' in product ? product.server : product, context.era, changes);
    return product;
  };
}

/**
 * Has one connection hear of changes until it closes. A client of 2025 hears of every list that changed and of the resources it
 * subscribed to here; to one of 2026 the SDK passes on what it listens for, which the transport has already noted.
 */
function tellOfChanges(server: Server, era: McpRequestContext['era'], changes: ChangeBus): void {
  const subscriptions = new Map<string, () => void>();
  const legacy = era === 'legacy';
  if (legacy && server.getCapabilities().resources?.subscribe) acceptSubscriptions(server, changes, subscriptions);
  const end = changes.subscribe((event) => {
    if (legacy && event.kind === 'resource_updated' && !subscriptions.has(event.uri)) return;
    // A connection that is closing has nobody left to tell.
    if (declares(server, event)) server.notification(notificationOf(event)).catch(() => {});
  });
  const closed = server.onclose;
  server.onclose = () => {
    closed?.();
    end();
    for (const unfollow of subscriptions.values()) unfollow();
    subscriptions.clear();
  };
}

function acceptSubscriptions(server: Server, changes: ChangeBus, subscriptions: Map<string, () => void>): void {
  server.setRequestHandler('resources/subscribe', ({ params: { uri } }) => {
    if (!subscriptions.has(uri)) subscriptions.set(uri, changes.follow(uri));
    return {};
  });
  server.setRequestHandler('resources/unsubscribe', ({ params: { uri } }) => {
    subscriptions.get(uri)?.();
    subscriptions.delete(uri);
    return {};
  });
}

function declares(server: Server, { kind }: ServerEvent): boolean {
  const { tools, prompts, resources } = server.getCapabilities();
  switch (kind) {
    case 'tools_list_changed':
      return tools?.listChanged === true;
    case 'prompts_list_changed':
      return prompts?.listChanged === true;
    case 'resources_list_changed':
      return resources?.listChanged === true;
    case 'resource_updated':
      return resources?.subscribe === true;
  }
}

function notificationOf(event: ServerEvent) {
  switch (event.kind) {
    case 'tools_list_changed':
      return { method: 'notifications/tools/list_changed' } as const;
    case 'prompts_list_changed':
      return { method: 'notifications/prompts/list_changed' } as const;
    case 'resources_list_changed':
      return { method: 'notifications/resources/list_changed' } as const;
    case 'resource_updated':
      return { method: 'notifications/resources/updated', params: { uri: event.uri } } as const;
  }
}
