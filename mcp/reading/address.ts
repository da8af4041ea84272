import { z } from 'zod';

/** A version of a workflow in an address. */
export const versionInAddress = z.coerce.number().int().min(1);

/** A template of addresses, such as `conductor://workflows/{name}/diagram{?format}`. */
export interface Address {
  /** The names in the path, in order, and then the names after `{?`. */
  readonly names: readonly string[];
  /** How many names are in the path. */
  readonly segments: number;
  /** The decoded values of the names; undefined if the address does not match the template. */
  match(uri: string): Record<string, string> | undefined;
}

/** Parses a template. A value is one percent-encoded segment of the path, so it cannot turn into another address. */
export function readTemplate(template: string): Address {
  const [path = '', query = ''] = template.split('{?');
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name);
  const literal = (text: string) => text.replace(/[\\^$.*+?()[\]|/]/g, '\\$&');
  const pattern = path
    .split(/\{\w+\}/)
    .map(literal)
    .join('([^/?#]+)');
  const regex = new RegExp(`^${pattern}$`);
  return {
    segments: inPath.length,
    names: [...inPath, ...query.replace('}', '').split(',').filter(Boolean)],
    match(uri) {
      const [address = '', search = ''] = uri.split('?', 2);
      const found = regex.exec(address);
      if (!found) return undefined;
      const values = found.slice(1).map(decoded);
      if (values.some((value) => value === undefined || value === '.' || value === '..')) return undefined;
      const fromPath = inPath.map((name, index) => [name, values[index] ?? '']);
      return { ...Object.fromEntries(new URLSearchParams(search)), ...Object.fromEntries(fromPath) };
    },
  };
}

function decoded(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined; // a percent sign that encodes nothing
  }
}

/** `uri` with one parameter of its query set. */
export function withQuery(uri: string, name: string, value: string | number): string {
  const [address = '', search = ''] = uri.split('?', 2);
  const query = new URLSearchParams(search);
  query.set(name, String(value));
  return `${address}?${query}`;
}
