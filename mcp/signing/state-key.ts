import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Caller } from '../admission/permissions.ts';

/*
 * Clients carry texts for the server: claims, confirmations of bulk calls, questions of tasks and request states. No process stores
 * them. The state key signs them, so a client can neither make up such a text nor change it, and no other caller can use it.
 */

/** What a sealed text is for. The seal of one purpose never fits another purpose. */
export type SealPurpose = 'claim' | 'confirm' | 'question';

/** Makes and checks the seals of one caller. */
export interface Seal {
  /** 22 letters, digits, _ and -, which only this server can make. The parts stay readable only if the caller of this function adds them. */
  of(purpose: SealPurpose, ...parts: readonly (string | number)[]): string;
  /** True if `of` made the seal for this caller, from the same parts. */
  fits(seal: string, purpose: SealPurpose, ...parts: readonly (string | number)[]): boolean;
}

/** The form of a seal, as the source of a regular expression. */
export const SEAL = '[\\w-]{22}';

const SEAL_BYTES = 16;

/** The key as bytes. Without a secret, the key is random: then only this process knows its own texts. */
export function stateKeyOf(secret: string | undefined): Uint8Array {
  return secret === undefined ? randomBytes(32) : Buffer.from(secret);
}

export function sealOf(key: Uint8Array, { id }: Pick<Caller, 'id'>): Seal {
  const make = (purpose: SealPurpose, parts: readonly (string | number)[]) =>
    createHmac('sha256', key)
      .update(JSON.stringify([purpose, id, ...parts]))
      .digest()
      .subarray(0, SEAL_BYTES);
  return {
    of: (purpose, ...parts) => make(purpose, parts).toString('base64url'),
    fits(seal, purpose, ...parts) {
      const given = Buffer.from(seal, 'base64url');
      return given.length === SEAL_BYTES && timingSafeEqual(given, make(purpose, parts));
    },
  };
}
