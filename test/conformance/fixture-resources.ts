import { type ReadResourceResult, ResourceNotFoundError } from '@modelcontextprotocol/server';
import { readingOf } from '../../mcp/admission/subject.ts';
import type { Feature } from '../../mcp/engine/mcp-server.ts';
import { PNG } from './fixture-tool.ts';

const resources = [
  { uri: 'test://static-text', name: 'static-text', description: 'Text', mimeType: 'text/plain' },
  { uri: 'test://static-binary', name: 'static-binary', description: 'A picture', mimeType: 'image/png' },
  { uri: 'test://watched-resource', name: 'watched-resource', description: 'Can be watched', mimeType: 'text/plain' },
];
const template = {
  uriTemplate: 'test://template/{id}/data',
  name: 'template',
  description: 'Data of an id',
  mimeType: 'application/json',
};

function read(uri: string): ReadResourceResult {
  const text = (mimeType: string, content: string) => ({ contents: [{ uri, mimeType, text: content }] });
  if (uri === 'test://static-text') return text('text/plain', 'This is the content of the static text resource.');
  if (uri === 'test://watched-resource') return text('text/plain', 'Watched resource content');
  if (uri === 'test://static-binary') return { contents: [{ uri, mimeType: 'image/png', blob: PNG }] };
  const id = /^test:\/\/template\/([^/]+)\/data$/.exec(uri)?.[1];
  if (id === undefined) throw new ResourceNotFoundError(uri);
  return text('application/json', JSON.stringify({ id, templateTest: true, data: `Data for ID: ${id}` }));
}

/** The resources of the fixture. */
export const fixtureResources: Feature = {
  capabilities: { resources: { subscribe: true, listChanged: true } },
  attach(requests) {
    requests.answer('resources/list', {
      find: () => readingOf('resources/list', 'none'),
      handle: () => ({ resources }),
    });
    requests.answer('resources/templates/list', {
      find: () => readingOf('resources/templates/list', 'none'),
      handle: () => ({ resourceTemplates: [template] }),
    });
    requests.answer('resources/read', {
      find: ({ uri }) => readingOf(uri, 'none'),
      handle: (_subject, { params }) => read(params.uri),
    });
  },
};
