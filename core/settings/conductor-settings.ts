import { z } from 'zod';
import { httpUrl, positive, type Setting } from './setting.ts';

export const conductorSettings = {
  conductorServerUrl: {
    kind: 'text',
    schema: httpUrl.optional(),
    group: 'conductor',
    env: 'CONDUCTOR_SERVER_URL',
    flag: '--server-url <url>',
    description: 'Use the Conductor server at this address instead of starting one. `/api` is added if it is missing.',
  },
  conductorAuthKey: {
    kind: 'text',
    schema: z.string().min(1).optional(),
    group: 'conductor',
    env: 'CONDUCTOR_AUTH_KEY',
    secret: true,
    description: 'Key id, for servers that require a token. Conductor OSS itself requires none.',
  },
  conductorAuthSecret: {
    kind: 'text',
    schema: z.string().min(1).optional(),
    group: 'conductor',
    env: 'CONDUCTOR_AUTH_SECRET',
    secret: true,
    description: 'The secret that belongs to `CONDUCTOR_AUTH_KEY`.',
  },
  conductorTlsCaPath: {
    kind: 'text',
    schema: z.string().min(1).optional(),
    group: 'conductor',
    env: 'CONDUCTOR_TLS_CA_PATH',
    flag: '--tls-ca-path <file>',
    description:
      'PEM file of the authority that signed the certificate of an https server. Unset: the authorities that Node trusts.',
  },
  conductorTlsCertPath: {
    kind: 'text',
    schema: z.string().min(1).optional(),
    group: 'conductor',
    env: 'CONDUCTOR_TLS_CERT_PATH',
    flag: '--tls-cert-path <file>',
    description: 'PEM file of the client certificate, for servers that require one.',
  },
  conductorTlsKeyPath: {
    kind: 'text',
    schema: z.string().min(1).optional(),
    group: 'conductor',
    env: 'CONDUCTOR_TLS_KEY_PATH',
    flag: '--tls-key-path <file>',
    description: 'PEM file of the private key that belongs to `CONDUCTOR_TLS_CERT_PATH`.',
  },
  conductorProxyUrl: {
    kind: 'text',
    schema: z.url({ protocol: /^https?$/, error: 'must be an http:// or https:// address' }).optional(),
    group: 'conductor',
    env: 'CONDUCTOR_PROXY_URL',
    secret: true,
    description: 'Proxy for the connection to the server. The address may contain a user name and password.',
  },
  requestTimeoutMs: {
    kind: 'number',
    schema: positive.max(600_000).default(30_000),
    group: 'conductor',
    env: 'CONDUCTOR_REQUEST_TIMEOUT_MS',
    flag: '--request-timeout-ms <ms>',
    description: 'Longest wait for one answer of the server, in milliseconds.',
  },
} as const satisfies Record<string, Setting>;
