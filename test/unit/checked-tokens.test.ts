import type { CryptoKey } from 'jose';
import { expect, test } from 'vitest';
import { callerOf } from '../../mcp/admission/permissions.ts';
import { CheckedTokens } from '../../mcp/auth/checked-tokens.ts';
import { authInfoOfCaller } from '../../mcp/engine/connection.ts';

const key = {} as CryptoKey; // only compared

test('the last thousand tokens are kept, each with its own caller', () => {
  const tokens = new CheckedTokens();
  for (let i = 0; i < 1500; i++)
    tokens.keep(`token-${i}`, { header: {}, key, authInfo: authInfoOfCaller(callerOf('viewer', `caller-${i}`)) });
  expect(tokens.find('token-499')).toBeUndefined();
  expect(tokens.find('token-500')?.authInfo.clientId).toBe('caller-500');
  expect(tokens.find('token-1499')?.authInfo.clientId).toBe('caller-1499');
  expect(tokens.find('token-1499 ')).toBeUndefined();
});
