import { hash } from 'node:crypto';
import type { AuthInfo } from '@modelcontextprotocol/server';
import type { CryptoKey, JWSHeaderParameters } from 'jose';

/** About 1 MB. A token that is dropped is checked again. */
const MOST = 1000;

/** What the check of a token found. It never changes: a token is signed. Only its key and the time can make the token invalid. */
export interface CheckedToken {
  readonly header: JWSHeaderParameters;
  /** The key that fits the signature. */
  readonly key: CryptoKey;
  readonly authInfo: AuthInfo;
}

/** The last tokens that were accepted. Kept are their digests, so that no memory dump contains a token. */
export class CheckedTokens {
  readonly #tokens = new Map<string, CheckedToken>();

  find(token: string): CheckedToken | undefined {
    return this.#tokens.get(digestOf(token));
  }

  keep(token: string, checked: CheckedToken): void {
    const [oldest] = this.#tokens.keys();
    if (this.#tokens.size >= MOST && oldest !== undefined) this.#tokens.delete(oldest);
    this.#tokens.set(digestOf(token), checked);
  }
}

function digestOf(token: string): string {
  return hash('sha256', token, 'base64');
}
