import type { Server, ServerEvent } from '@modelcontextprotocol/server';
import type { Connection } from '../engine/connection.ts';
import type { ChangeBus } from './change-bus.ts';

interface Informed {
  readonly server: Server;
  readonly connection: Connection;
  readonly changes: ChangeBus;
}

/**
 * Sends changes to the client of a connection until the connection closes. A client of the 2025 era is told about every changed
 * list, and about each resource that it subscribed to. For a client of the 2026 era, the SDK selects the changes that the client
 * subscribed to.
 */
export function sendChanges({ server, connection: { era, subscribed }, changes }: Informed): void {
  const end = changes.subscribe((event) => {
    if (era === 'legacy' && event.kind === 'resource_updated' && !subscribed?.has(event.uri)) return;
    // A notification to a closing connection may fail. The error is ignored, because the client is gone.
    if (declares(server, event)) server.notification(notificationOf(event)).catch(() => {});
  });
  const closed = server.onclose;
  server.onclose = () => {
    closed?.();
    end();
    subscribed?.clear();
  };
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
