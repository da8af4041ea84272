import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { defineResource } from '../reading/define-resource.ts';

/** The page contains everything that it needs. It loads nothing, calls no address, and talks only to its host. */
const ui = { csp: { connectDomains: [], resourceDomains: [] }, prefersBorder: true };

export default defineResource({
  name: 'execution_view',
  title: 'Execution, as a page',
  description: 'The picture that clients with MCP Apps show beside get_execution_status.',
  uriTemplate: 'ui://conductor-fleet/execution.html',
  mimeType: 'text/html;profile=mcp-app',
  permission: 'executions:read',
  params: z.strictObject({}),
  meta: { ui },
}).reader(async () => ({ text: await readFile(new URL('./shared/execution-view.html', import.meta.url), 'utf8') }));
