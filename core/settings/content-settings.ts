import { z } from 'zod';
import { httpUrl, type Setting } from './setting.ts';

export const contentSettings = {
  tasksDir: {
    kind: 'text',
    schema: z.string().min(1).optional(),
    group: 'content',
    env: 'TASKS_DIR',
    flag: '--tasks-dir <folder>',
    description:
      'Folder of your own workers, one task per file. Unset: `workers/tasks` in a project, else the shipped workers.',
  },
  workflowsDir: {
    kind: 'text',
    schema: z.string().min(1).optional(),
    group: 'content',
    env: 'WORKFLOWS_DIR',
    flag: '--workflows-dir <folder>',
    description:
      'Folder of your own workflows, with `definitions/`, `schedules/` and `event-handlers/` inside it. Unset: `workflows` in a project, else the shipped workflows.',
  },
  mcpDir: {
    kind: 'text',
    schema: z.string().min(1).optional(),
    group: 'content',
    env: 'MCP_DIR',
    flag: '--mcp-dir <folder>',
    description:
      'Folder of your own MCP tools, resources and prompts, with `tools/`, `resources/` and `prompts/` inside it. The server offers them beside its own. Unset: `mcp` in a project, else none.',
  },
  fleetName: {
    kind: 'text',
    schema: z
      .string()
      .regex(/^[A-Za-z0-9_-]{1,40}$/, 'must be 1 to 40 letters, digits, _ or -')
      .default('default'),
    group: 'content',
    env: 'FLEET_NAME',
    flag: '--fleet-name <name>',
    description:
      'Name of the fleet that owns these definitions. Each definition is stamped with it, and `fleet apply --prune` deletes only definitions with the same name in their stamp. Projects on one server need different names. Unset: `name` of `package.json` in a project.',
  },
  shopUrl: {
    kind: 'text',
    schema: httpUrl.default('http://127.0.0.1:8090'),
    group: 'content',
    env: 'SHOP_URL',
    flag: '--shop-url <url>',
    description: 'Address of the demonstration shop, which the order and HTTP workflows call.',
  },
  filesRoot: {
    kind: 'text',
    schema: z.string().min(1).default('.'),
    group: 'content',
    env: 'FILES_ROOT',
    flag: '--files-root <folder>',
    description: 'The folder that the file workers read from. They read no file outside of it.',
  },
  outputDir: {
    kind: 'text',
    schema: z.string().min(1).default('.fleet/output'),
    group: 'content',
    env: 'OUTPUT_DIR',
    flag: '--output-dir <folder>',
    description: 'The folder that the file workers write to.',
  },
  llmProvider: {
    kind: 'text',
    schema: z.enum(['openai', 'anthropic', 'ollama', 'scripted']).optional(),
    group: 'content',
    env: 'LLM_PROVIDER',
    flag: '--llm-provider <name>',
    description:
      'Model provider of the agent workflows: openai, anthropic, ollama or scripted. Unset: the first provider whose key or address is set, else scripted. The scripted model is a demonstration with fixed answers.',
  },
  llmModel: {
    kind: 'text',
    schema: z.string().min(1).optional(),
    group: 'content',
    env: 'LLM_MODEL',
    flag: '--llm-model <name>',
    description: 'The model to call. Unset: a default for the provider.',
  },
  openaiApiKey: {
    kind: 'text',
    schema: z.string().min(1).optional(),
    group: 'content',
    env: 'OPENAI_API_KEY',
    secret: true,
    description: 'API key of OpenAI. It is passed to the embedded server, which calls the model.',
  },
  anthropicApiKey: {
    kind: 'text',
    schema: z.string().min(1).optional(),
    group: 'content',
    env: 'ANTHROPIC_API_KEY',
    secret: true,
    description: 'API key of Anthropic. It is passed to the embedded server, which calls the model.',
  },
  ollamaHost: {
    kind: 'text',
    schema: z.string().min(1).optional(),
    group: 'content',
    env: 'OLLAMA_HOST',
    flag: '--ollama-host <address>',
    description: 'Address of an Ollama server.',
  },
} as const satisfies Record<string, Setting>;
