import { HARMLESS, REFUSED, type Row } from '../route.ts';

/** Routes of the server itself. */
// biome-ignore format: a table with a route in each row
export const serverRoutes: readonly Row[] = [
  // The server itself
  ['getServerConfig', 'GET /admin/config', 'tasks:read', 'object',
    'Read all properties of the server, including passwords.', { refused: 'the server configuration holds passwords' }],
  ['requeueSweep', 'POST /admin/sweep/requeue/{workflowId}', 'workflows:execute', 'text', 'Queue a running execution for the sweep.', { harmless: HARMLESS.look }],
  ['verifyAndRepairWorkflow', 'POST /admin/consistency/verifyAndRepair/{workflowId}', 'workflows:execute', 'text',
    'Verify and repair the consistency of an execution.', { harmless: HARMLESS.look, destructive: true, trap: 'Most servers have this switched off and answer 500.' }],
  ['getEventQueues', 'GET /admin/queues?verbose:boolean', 'tasks:read', 'object', 'List the registered event queues.'],
  ['listEnvironment', 'GET /environment', 'workflows:read', 'array', 'Read all environment values.', { refused: REFUSED.environment }],
  ['getEnvironmentValue', 'GET /environment/{key}', 'workflows:read', 'text', 'Read one environment value.', { refused: REFUSED.environment }],
  ['getHealth', 'GET /health', 'workflows:read', 'object', 'Read the health of the server. The answer is static: the server does not check its database.'],
  ['getVersion', 'GET /version', 'workflows:read', 'text', "Get the server's version."],
  ['getModelProviders', 'GET /providers/status', 'workflows:read', 'object',
    'Show which model providers are configured.', { trap: 'The server asks the providers themselves, which can take long.' }],
  ['listAllSecretNames', 'POST /secrets', 'workflows:execute', 'array', 'List the names of all secrets.', { refused: REFUSED.secrets }],
  ['listSecretNames', 'GET /secrets', 'workflows:read', 'array', 'List the names of the secrets that can be granted.', { refused: REFUSED.secrets }],
  ['listSecrets', 'GET /secrets/v2', 'workflows:read', 'array', 'List the names of secrets, with remarks.', { refused: REFUSED.secrets }],
  ['getSecret', 'GET /secrets/{key}', 'workflows:read', 'text', 'Read the value of a secret.', { refused: REFUSED.secrets }],
  ['putSecret', 'PUT /secrets/{key}', 'workflows:execute', 'any', 'Write a secret.', { body: 'text', refused: REFUSED.secrets }],
  ['deleteSecret', 'DELETE /secrets/{key}', 'workflows:execute', 'object', 'Delete a secret.', { refused: REFUSED.secrets }],
  ['hasSecret', 'GET /secrets/{key}/exists', 'workflows:read', 'object', 'Check whether a secret exists.', { refused: REFUSED.secrets }],
];
