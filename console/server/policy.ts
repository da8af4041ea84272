/** What a page may do: load modules, styles, pictures and data from its own address, and nothing else. */
const POLICY = [
  "default-src 'self'",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  // The page names one address as a script: that of its worker.
  'trusted-types fleet-worker',
].join('; ');

/** Headers of every answer. */
export const SAFE: Readonly<Record<string, string>> = {
  'X-Content-Type-Options': 'nosniff',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
};

/** Headers of pages and of the worker. Modules do not need them, and the policy is as long as a small module. */
export const SAFE_PAGE: Readonly<Record<string, string>> = {
  ...SAFE,
  'Content-Security-Policy': POLICY,
  'Cross-Origin-Opener-Policy': 'same-origin',
  'X-Frame-Options': 'DENY',
};

/** True if a page of another site makes the request. Old browsers and programs do not say who asks. */
export function isCrossSite(request: Request): boolean {
  const site = request.headers.get('sec-fetch-site');
  return site !== null && site !== 'same-origin' && site !== 'none';
}

/** True only if a page of the console makes the request. */
export function isOwnPage(request: Request): boolean {
  return request.headers.get('sec-fetch-site') === 'same-origin';
}
