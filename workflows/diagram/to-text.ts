import type { Branch, Diagram, Head, Node, ParallelNode, Round, Tone } from './diagram.ts';
import { toneOf } from './diagram.ts';
import { caseLabel, factsOf, fateOf, kindOf, missingJoin, roundsOf, titleOf } from './labels.ts';
import { columnsOf, padTo, shorten } from './text-width.ts';

export interface TextOptions {
  /** The number of columns after which lines are cut. Default: lines are not cut. */
  width?: number;
  /** True to draw only with ASCII characters. Names stay unchanged. */
  ascii?: boolean;
  /** True to colour lines by status, with terminal sequences. The text names the status too. */
  colours?: boolean;
}

/** A line before its columns are padded and cut: the tree on the left, then the columns. */
interface Row {
  /** The characters that draw the tree. */
  tree: string;
  label: string;
  kind?: string;
  fate?: string;
  detail?: string;
  tone: Tone;
  dim?: boolean;
}

const UNICODE = {
  tee: '├─ ',
  corner: '└─ ',
  pipe: '│  ',
  marks: { done: '✔', warned: '!', failed: '✘', active: '▶', waiting: '◌', stopped: '■', none: '·' },
  shapes: { choice: '◇', parallel: '⇉', join: '⇇', loop: '↻', case: '→' },
  ellipsis: '…',
  dot: '·',
};

const ASCII: typeof UNICODE = {
  tee: '|- ',
  corner: '`- ',
  pipe: '|  ',
  marks: { done: '+', warned: '!', failed: 'x', active: '>', waiting: 'o', stopped: '#', none: '.' },
  shapes: { choice: '?', parallel: '=', join: '=', loop: '@', case: '->' },
  ellipsis: '..',
  dot: '-',
};

/** The greatest width of each column, so that one long name does not move the other columns far to the right. */
const WIDEST = { label: 60, kind: 36, detail: 70 };
const GAP = '  ';

/** A narrower column is left out, because it would show nothing useful. */
const NARROWEST_KIND = 6;

/** Writes a picture for a terminal: the tasks as a tree from top to bottom, each with its status beside it. */
export function toText(diagram: Diagram, { width, ascii = false, colours = false }: TextOptions = {}): string {
  const glyphs = ascii ? ASCII : UNICODE;
  const tree = new Tree(glyphs, diagram.execution !== undefined);
  tree.sequence(diagram.nodes, '');
  const head = [titleOf(diagram), ...factsOf(diagram)].map((line) =>
    shorten(line.replaceAll('·', glyphs.dot), width ?? Number.POSITIVE_INFINITY, glyphs.ellipsis),
  );
  return [...head, ...laidOut(tree.rows, glyphs, width, colours)].join('\n');
}

class Tree {
  readonly rows: Row[] = [];
  readonly #glyphs: typeof UNICODE;
  readonly #isExecution: boolean;

  constructor(glyphs: typeof UNICODE, isExecution: boolean) {
    this.#glyphs = glyphs;
    this.#isExecution = isExecution;
  }

  sequence(nodes: readonly Node[], tree: string): void {
    for (const [index, node] of nodes.entries()) this.#node(node, tree, index === nodes.length - 1);
  }

  #node(node: Node, tree: string, isLast: boolean): void {
    const { corner, tee, pipe, shapes } = this.#glyphs;
    const here = tree + (isLast ? corner : tee);
    const below = tree + (isLast ? '   ' : pipe);
    switch (node.kind) {
      case 'note':
        this.rows.push({ tree: here, label: `(${node.text})`, tone: 'none', dim: true });
        return;
      case 'task':
        this.#task(node, here);
        return;
      case 'choice': {
        this.#task(node, here, shapes.choice);
        for (const [index, one] of node.cases.entries()) {
          this.#group(caseLabel(one), one.nodes, below, index === node.cases.length - 1, one.taken === false);
        }
        return;
      }
      case 'loop':
        this.#task(node, here, shapes.loop, roundsOf(node));
        this.#numbered('round', node.rounds, below);
        return;
      case 'parallel':
        this.#parallel(node, tree, isLast);
    }
  }

  #parallel(node: ParallelNode, tree: string, isLast: boolean): void {
    const { corner, tee, pipe, shapes } = this.#glyphs;
    const endsHere = isLast && !node.join;
    this.#task(node, tree + (endsHere ? corner : tee), shapes.parallel, missingJoin(node));
    const below = tree + (endsHere ? '   ' : pipe);
    this.#numbered('branch', node.branches, below);
    if (node.join) this.#task(node.join, tree + (isLast ? corner : tee), shapes.join);
  }

  /** A branch or round without a number gets no line of its own: its nodes are drawn on the level of the other branches or rounds. */
  #numbered(what: string, parts: readonly (Branch | Round)[], tree: string): void {
    for (const [index, { number, nodes }] of parts.entries()) {
      const isLast = isEnd(index, parts);
      if (number !== undefined) this.#group(`${what} ${number}`, nodes, tree, isLast);
      else for (const [at, node] of nodes.entries()) this.#node(node, tree, isLast && isEnd(at, nodes));
    }
  }

  #group(label: string, nodes: readonly Node[], tree: string, isLast: boolean, dim = false): void {
    const { corner, tee, pipe, shapes } = this.#glyphs;
    this.rows.push({ tree: tree + (isLast ? corner : tee), label: `${shapes.case} ${label}`, tone: 'none', dim });
    this.sequence(nodes, tree + (isLast ? '   ' : pipe));
  }

  #task(head: Head, tree: string, shape?: string, more?: string): void {
    const { dot, marks } = this.#glyphs;
    const tone = toneOf(head.run?.status);
    const fate = this.#isExecution ? `${marks[tone]} ${fateOf(head.run).replaceAll('·', dot)}` : undefined;
    const details = [more, head.detail, head.run?.subWorkflowId].filter((text) => text !== undefined);
    this.rows.push({
      tree,
      label: shape ? `${shape} ${head.ref}` : head.ref,
      kind: kindOf(head),
      ...(fate && { fate }),
      ...(details.length > 0 && { detail: details.join(`, `) }),
      tone,
      dim: this.#isExecution && !head.run,
    });
  }
}

function isEnd(index: number, items: readonly unknown[]): boolean {
  return index === items.length - 1;
}

const SEQUENCES: Record<Tone, string> = {
  done: '\u001b[32m',
  warned: '\u001b[33m',
  failed: '\u001b[31m',
  active: '\u001b[36m',
  waiting: '\u001b[36m',
  stopped: '\u001b[35m',
  none: '',
};
const DIM = '\u001b[2m';
const PLAIN = '\u001b[0m';

/** Pads the columns. If a line is too long, it loses its details first, then the kinds, then the names. */
function laidOut(rows: readonly Row[], glyphs: typeof UNICODE, width: number | undefined, colours: boolean): string[] {
  const limit = width ?? Number.POSITIVE_INFINITY;
  const widest = (of: (row: Row) => string) => Math.max(0, ...rows.map(of).map(columnsOf));
  const fates = widest(({ fate = '' }) => fate);
  const labels = Math.min(
    widest(({ tree, label, kind }) => (kind ? tree + label : '')),
    WIDEST.label,
    limit / 2,
  );
  const room = limit - labels - (fates > 0 ? fates + GAP.length : 0) - GAP.length;
  const kinds = Math.min(
    widest(({ kind = '' }) => kind),
    WIDEST.kind,
    room,
  );
  const cut = (text: string, columns: number) => padTo(shorten(text, columns, glyphs.ellipsis), columns);
  return rows.map(({ tree, label, kind, fate, detail = '', tone, dim }) => {
    const cells = [
      kind ? cut(tree + label, labels) : tree + label,
      ...(kind && kinds >= NARROWEST_KIND ? [cut(kind, kinds)] : []),
      ...(kind && fates > 0 ? [padTo(fate ?? '', fates)] : []),
      shorten(detail, WIDEST.detail, glyphs.ellipsis),
    ];
    const shown = shorten(cells.join(GAP).trimEnd(), limit, glyphs.ellipsis);
    const colour = dim ? DIM : SEQUENCES[tone];
    if (!colours || !colour || !shown.startsWith(tree)) return shown;
    return `${tree}${colour}${shown.slice(tree.length)}${PLAIN}`;
  });
}
