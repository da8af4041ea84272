import type { Server, ServerEvent } from '@modelcontextprotocol/server';
import { readingOf } from '../admission/subject.ts';
import type { Connection } from '../engine/connection.ts';
import type { Requests } from '../engine/requests.ts';
import type { ChangeBus } from './change-bus.ts';
import { WATCHING } from './listen-admission.ts';

interface Informed {
  readonly server: Server;
  readonly requests: Requests;
  readonly connection: Connection;
  readonly changes: ChangeBus;
}

/**
 * Sends changes to the client of a connection until the connection closes. A client of the 2025 era is told about every changed
 * list, and about each resource that it subscribed to. This module answers its `resources/subscribe`. For a client of the 2026 era, the
 * SDK selects the changes that the client subscribed to.
 */
export function sendChanges({ server, requests, connection, changes }: Informed): void {
  const isLegacy = connection.era === 'legacy';
  const subscribed = new Map<string, () => void>();
  if (isLegacy && server.getCapabilities().resources?.subscribe) acceptSubscriptions(requests, changes, subscribed);
  const end = changes.subscribe((event) => {
    if (isLegacy && event.kind === 'resource_updated' && !subscribed.has(event.uri)) return;
    // A notification to a closing connection may fail. The error is ignored, because the client is gone.
    if (declares(server, event)) server.notification(notificationOf(event)).catch(() => {});
  });
  const closed = server.onclose;
  server.onclose = () => {
    closed?.();
    end();
    for (const unfollow of subscribed.values()) unfollow();
    subscribed.clear();
  };
}

function acceptSubscriptions(requests: Requests, changes: ChangeBus, subscribed: Map<string, () => void>): void {
  requests.answer('resources/subscribe', {
    find: () => readingOf('resources/subscribe', WATCHING),
    handle(_subject, { params: { uri } }) {
      if (!subscribed.has(uri)) subscribed.set(uri, changes.follow(uri));
      return {};
    },
  });
  requests.answer('resources/unsubscribe', {
    countsAgainstRateLimit: false,
    find: () => readingOf('resources/unsubscribe', WATCHING),
    handle(_subject, { params: { uri } }) {
      subscribed.get(uri)?.();
      subscribed.delete(uri);
      return {};
    },
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
