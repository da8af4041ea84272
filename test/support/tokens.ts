import { countTokens } from 'gpt-tokenizer/encoding/o200k_base';

/** Tokens of a text, or of a value as JSON, as a current model counts them (o200k_base). */
export function tokensOf(value: unknown): number {
  return countTokens(typeof value === 'string' ? value : JSON.stringify(value));
}
