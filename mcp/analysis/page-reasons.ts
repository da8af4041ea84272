import { clip } from '../../core/text.ts';
import { quote } from '../shared/quote.ts';
import { classifyReason } from './failure-reason.ts';

/** Limits in characters: for all reasons of a page together, and the smallest and largest limit for one reason. */
const REASONS = { together: 1000, least: 60, most: 200 };

/**
 * The reasons of a page, numbered from 1. Every reason is quoted word for word, up to the limit. Two reasons share a number only if the
 * quoted part is the same and the part that was cut names no other status code.
 */
export class PageReasons {
  readonly #keys: readonly string[];
  readonly #limit: number;
  /** The reasons, each cut to its share of the limit. */
  readonly shown: readonly string[];

  constructor(rows: readonly { readonly reason?: string }[]) {
    const different = new Set(rows.flatMap(({ reason }) => reason ?? []));
    const share = Math.floor(REASONS.together / Math.max(1, different.size));
    this.#limit = Math.min(REASONS.most, Math.max(REASONS.least, share));
    const shown = new Map([...different].map((reason) => [this.#keyOf(reason), clip(reason, this.#limit)]));
    this.#keys = [...shown.keys()];
    this.shown = [...shown.values()];
  }

  numberOf(reason: string): number {
    return this.#keys.indexOf(this.#keyOf(reason)) + 1;
  }

  #keyOf(reason: string): string {
    return JSON.stringify([clip(reason, this.#limit), classifyReason(reason).status ?? 0]);
  }

  legend(): string[] {
    if (this.shown.length === 0) return [];
    return ['Reasons (quoted data):', ...this.shown.map((reason, index) => `[${index + 1}] ${quote(reason)}`)];
  }
}
