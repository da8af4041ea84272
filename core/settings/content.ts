import { z } from 'zod';
import { httpUrl, type Setting } from './setting.ts';

export const contentSettings = {
  tasksDir: {
    kind: 'text',
    schema: z.string().min(1).optional(),
    group: 'content',
    env: 'TASKS_DIR',
    flag: '--tasks-dir <folder>',
    description: 'Folder of your own workers, one task per file. Unset: the shipped ones.',
  },
  shopUrl: {
    kind: 'text',
    schema: httpUrl.default('http://127.0.0.1:8090'),
    group: 'content',
    env: 'SHOP_URL',
    flag: '--shop-url <url>',
    description: 'The demonstration shop that the order and HTTP workflows call.',
  },
  filesRoot: {
    kind: 'text',
    schema: z.string().min(1).default('.'),
    group: 'content',
    env: 'FILES_ROOT',
    flag: '--files-root <folder>',
    description: 'The only folder whose files the file workers read.',
  },
  outputDir: {
    kind: 'text',
    schema: z.string().min(1).default('.fleet/output'),
    group: 'content',
    env: 'OUTPUT_DIR',
    flag: '--output-dir <folder>',
    description: 'Where the file workers write.',
  },
  llmProvider: {
    kind: 'text',
    schema: z.enum(['openai', 'anthropic', 'ollama', 'scripted']).optional(),
    group: 'content',
    env: 'LLM_PROVIDER',
    flag: '--llm-provider <name>',
    description:
      "Model provider of the agent workflows: openai, anthropic, ollama or scripted. Unset: the first one whose key is set, else the scripted one, whose answers are the demonstration's own.",
  },
  llmModel: {
    kind: 'text',
    schema: z.string().min(1).optional(),
    group: 'content',
    env: 'LLM_MODEL',
    flag: '--llm-model <name>',
    description: 'The model to ask. Unset: a default of the provider.',
  },
  openaiApiKey: {
    kind: 'text',
    schema: z.string().min(1).optional(),
    group: 'content',
    env: 'OPENAI_API_KEY',
    secret: true,
    description: 'Handed to the embedded server, which makes the calls.',
  },
  anthropicApiKey: {
    kind: 'text',
    schema: z.string().min(1).optional(),
    group: 'content',
    env: 'ANTHROPIC_API_KEY',
    secret: true,
    description: 'Handed to the embedded server, which makes the calls.',
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
