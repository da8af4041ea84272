import type { Tone } from './diagram.ts';

/** A box of the picture, with its text. */
export interface Box {
  kind: 'task' | 'choice' | 'sub-workflow' | 'terminal' | 'note' | 'label';
  /** The reference of the task that the box shows; absent if it shows none. */
  ref?: string;
  x: number;
  y: number;
  width: number;
  height: number;
  lines: readonly string[];
  /** The uncut text. A browser shows it when the pointer is over the box. */
  title: string;
  tone: Tone;
  dim: boolean;
}

/** A line of straight segments between these points. */
export interface Line {
  points: readonly (readonly [x: number, y: number])[];
  arrow: boolean;
  dim: boolean;
}

export interface Frame {
  x: number;
  y: number;
  width: number;
  height: number;
  dim: boolean;
}

/** A part of the picture. Lines enter at the top and leave at the bottom, both at `axis`. Nothing is drawn outside `width` and `height`. */
export interface Block {
  width: number;
  height: number;
  axis: number;
  boxes: readonly Box[];
  lines: readonly Line[];
  frames: readonly Frame[];
  /** True if no line leaves the block. */
  ends: boolean;
  /** True if the execution did not enter the block. */
  dimEntry: boolean;
  /** True if the execution did not leave the block. */
  dimExit: boolean;
}

export const GAP = { x: 28, y: 22 };

/** A block without boxes. */
export const EMPTY: Block = {
  width: 0,
  height: 0,
  axis: 0,
  boxes: [],
  lines: [],
  frames: [],
  ends: false,
  dimEntry: false,
  dimExit: false,
};

/** Moves a block by `dx` and `dy`. */
export function moved<B extends Pick<Block, 'boxes' | 'lines' | 'frames'>>(block: B, dx: number, dy: number): B {
  const shift = <T extends { x: number; y: number }>(item: T): T => ({ ...item, x: item.x + dx, y: item.y + dy });
  return {
    ...block,
    boxes: block.boxes.map(shift),
    frames: block.frames.map(shift),
    lines: block.lines.map((line) => ({ ...line, points: line.points.map(([x, y]) => [x + dx, y + dy] as const) })),
  };
}

/** Places blocks one below the other on one axis and joins them by arrows. No arrow leaves a block with `ends`. */
export function stack(parts: readonly Block[]): Block {
  const blocks = parts.filter(({ height }) => height > 0);
  const [first, last] = [blocks[0], blocks.at(-1)];
  if (!first || !last) return EMPTY;
  const axis = Math.max(...blocks.map((block) => block.axis));
  const width = axis + Math.max(...blocks.map((block) => block.width - block.axis));
  const placed: Block[] = [];
  const joints: Line[] = [];
  let y = 0;
  for (const [index, block] of blocks.entries()) {
    const before = blocks[index - 1];
    if (before) {
      if (!before.ends) joints.push(arrow(axis, y, y + GAP.y, before.dimExit || block.dimEntry));
      y += GAP.y;
    }
    placed.push(moved(block, axis - block.axis, y));
    y += block.height;
  }
  return {
    width,
    height: y,
    axis,
    boxes: placed.flatMap(({ boxes }) => boxes),
    frames: placed.flatMap(({ frames }) => frames),
    lines: [...joints, ...placed.flatMap(({ lines }) => lines)],
    ends: blocks.some(({ ends }) => ends),
    dimEntry: first.dimEntry,
    dimExit: last.dimExit,
  };
}

/** Places columns side by side. Lines fan out from the middle above to each column, and join again in the middle below. */
export function spread(columns: readonly Block[]): Block {
  let x = 0;
  const placed = columns.map((column) => {
    const block = moved(column, x, GAP.y);
    const axis = x + column.axis;
    x += column.width + GAP.x;
    return { ...block, axis };
  });
  const first = placed[0];
  if (!first) return EMPTY;
  const width = x - GAP.x;
  const axis = (first.axis + (placed.at(-1)?.axis ?? first.axis)) / 2;
  const bottom = GAP.y + Math.max(...placed.map(({ height }) => height)) + GAP.y / 2;
  const exits = placed.filter(({ ends }) => !ends);
  return {
    width,
    height: exits.length > 0 ? bottom : bottom - GAP.y / 2,
    axis,
    boxes: placed.flatMap(({ boxes }) => boxes),
    frames: placed.flatMap(({ frames }) => frames),
    lines: [
      ...placed.flatMap((column) => [...fanOut(axis, column), ...column.lines]),
      ...exits.map((column) => fanIn(axis, column, bottom)),
    ],
    ends: exits.length === 0,
    dimEntry: false,
    dimExit: exits.every(({ dimExit }) => dimExit),
  };
}

function fanOut(axis: number, { axis: to, dimEntry: dim, height }: Block): Line[] {
  const y = GAP.y / 2;
  return [{ points: corner([axis, 0], [axis, y], [to, y], [to, GAP.y]), arrow: height > 0, dim }];
}

function fanIn(axis: number, { axis: from, height, dimExit: dim }: Block, bottom: number): Line {
  return { points: corner([from, GAP.y + height], [from, bottom], [axis, bottom]), arrow: false, dim };
}

/** Removes each point that equals the previous point. */
function corner(...points: (readonly [number, number])[]): (readonly [number, number])[] {
  return points.filter(([x, y], index) => index === 0 || x !== points[index - 1]?.[0] || y !== points[index - 1]?.[1]);
}

/** A line straight down. */
export function arrow(x: number, from: number, to: number, dim: boolean): Line {
  return {
    points: [
      [x, from],
      [x, to],
    ],
    arrow: true,
    dim,
  };
}

/** Puts a frame around a block, and an arrow into the block. If the block repeats, a line leads from its end back to its start. */
export function framed(block: Block, { repeats, dim }: { repeats: boolean; dim: boolean }): Block {
  const inner = moved(block, GAP.x, 2 * GAP.y);
  const [width, bottom] = [block.width + 2 * GAP.x, block.height + 3 * GAP.y];
  const axis = block.axis + GAP.x;
  const [right, up, down] = [width - GAP.x / 2, 1.5 * GAP.y, bottom - GAP.y / 2];
  const corners = [[axis, down] as const, [right, down] as const, [right, up] as const, [axis, up] as const];
  const exit: Line = { points: corner([axis, bottom - GAP.y], [axis, bottom]), arrow: false, dim: block.dimExit };
  return {
    ...inner,
    width,
    height: bottom,
    axis,
    frames: [{ x: 0, y: GAP.y, width, height: bottom - GAP.y, dim }, ...inner.frames],
    lines: [
      arrow(axis, 0, 2 * GAP.y, dim || block.dimEntry),
      ...inner.lines,
      ...(repeats && !block.ends ? [{ points: corners, arrow: true, dim }] : []),
      ...(block.ends ? [] : [exit]),
    ],
  };
}
