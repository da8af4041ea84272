import type { Config } from './config.ts';

/** Which model the agent workflows ask, and under what name the Conductor server knows its provider. */
export interface ModelProvider {
  name: 'openai' | 'anthropic' | 'ollama' | 'scripted';
  /** The scripted one speaks the OpenAI-compatible protocol, which Conductor's `litellm` provider calls. */
  conductorName: 'openai' | 'anthropic' | 'ollama' | 'litellm';
  model: string;
}

const DEFAULT_MODELS = {
  openai: 'gpt-4o-mini',
  anthropic: 'claude-3-5-haiku-latest',
  ollama: 'llama3.2',
  scripted: 'scripted-research-1',
} as const;

type ModelConfig = Pick<Config, 'llmProvider' | 'llmModel' | 'openaiApiKey' | 'anthropicApiKey' | 'ollamaHost'>;

/** The configured provider, else the first one that has what it needs, else the scripted one. */
export function modelProvider(config: ModelConfig): ModelProvider {
  const name = config.llmProvider ?? firstUsable(config);
  return {
    name,
    conductorName: name === 'scripted' ? 'litellm' : name,
    model: config.llmModel ?? DEFAULT_MODELS[name],
  };
}

function firstUsable(config: ModelConfig): ModelProvider['name'] {
  if (config.openaiApiKey) return 'openai';
  if (config.anthropicApiKey) return 'anthropic';
  if (config.ollamaHost) return 'ollama';
  return 'scripted';
}
