/** A step of a path below a root: `.key` or `[0]`. */
export type Step = { kind: 'key'; key: string } | { kind: 'index'; index: number };

/** What a `${…}` refers to, taken apart. */
export interface Path {
  /** `workflow`, or the reference of a task. */
  root: string;
  steps: readonly Step[];
}

/** Conductor's path taken apart, or undefined if typed references would not write it letter by letter like this. */
export function parsePath(path: string): Path | undefined {
  const [root] = /^[\w-]+/.exec(path) ?? [];
  if (root === undefined) return undefined;
  const steps: Step[] = [];
  let rest = path.slice(root.length);
  while (rest !== '') {
    const [found, plain, quoted, index] = /^(?:\.([\w-]+)|\['((?:[^'\\]|\\.)*)'\]|\[(\d+)\])/.exec(rest) ?? [];
    if (found === undefined) return undefined;
    if (index !== undefined) steps.push({ kind: 'index', index: Number(index) });
    else steps.push({ kind: 'key', key: plain ?? (quoted ?? '').replaceAll(/\\(.)/g, '$1') });
    rest = rest.slice(found.length);
  }
  const parsed = { root, steps };
  return writtenPath(parsed) === path ? parsed : undefined;
}

/** As `refs` writes it. */
function writtenPath({ root, steps }: Path): string {
  const segments = steps.map((step) => {
    if (step.kind === 'index') return `[${step.index}]`;
    if (/^[\w-]+$/.test(step.key)) return `.${step.key}`;
    return /[{}\p{Cc}]/u.test(step.key) ? '\0' : `['${step.key.replaceAll(/[\\']/g, '\\$&')}']`;
  });
  return root + segments.join('');
}
