import type { Config } from '../config.ts';

/** The model that the agent workflows call, and the Conductor server's name for its provider. */
export interface ModelProvider {
  name: 'openai' | 'anthropic' | 'ollama' | 'scripted';
  /** The scripted model answers in the OpenAI-compatible protocol, which Conductor's `litellm` provider speaks. */
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

/** The configured provider, else the first provider that has its key or address, else the scripted model. */
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
