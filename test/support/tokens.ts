import { countTokens } from 'gpt-tokenizer/encoding/o200k_base';

/** Counts the tokens of a text, or of a value as JSON, with the encoding o200k_base. */
export function tokensOf(value: unknown): number {
  return countTokens(typeof value === 'string' ? value : JSON.stringify(value));
}
