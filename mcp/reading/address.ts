/** A template of addresses: `conductor://workflows/{name}/diagram{?format}`. */
export interface Address {
  /** The names in its path, in order, and those behind `{?`. */
  readonly names: readonly string[];
  /** How many of them stand in the path. */
  readonly segments: number;
  /** What an address says for the names, decoded; undefined if it is none of this template's. */
  match(uri: string): Record<string, string> | undefined;
}

/** Reads a template. A value fills one segment of the path whole: it is percent-encoded, so that it cannot reach another address. */
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
    return undefined; // a stray percent sign names nothing
  }
}

/** `uri` with one value of its query set. */
export function withQuery(uri: string, name: string, value: string | number): string {
  const [address = '', search = ''] = uri.split('?', 2);
  const query = new URLSearchParams(search);
  query.set(name, String(value));
  return `${address}?${query}`;
}
