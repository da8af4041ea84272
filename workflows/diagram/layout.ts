import { roleOf, type TaskRole } from '../../core/conductor/task-types.ts';
import { type Block, type Box, EMPTY, framed, moved, spread, stack } from './blocks.ts';
import { type Case, type Diagram, type Head, type LoopNode, type Node, type Tone, toneOf } from './diagram.ts';
import { caseLabel, factsOf, fateOf, kindOf, matterOf, missingJoin, roundLabel, roundsOf, titleOf } from './labels.ts';
import { columnsOf, shorten } from './text-width.ts';

/** All characters have the same width, so the width of a text is known without a browser. */
export const FONT = { size: 12, lineHeight: 16, charWidth: 7.3 };

/** Boxes with pointed or double sides need more space than plain boxes. */
const PADDING: Record<Box['kind'], { x: number; y: number }> = {
  task: { x: 14, y: 8 },
  choice: { x: 26, y: 8 },
  'sub-workflow': { x: 20, y: 10 },
  terminal: { x: 20, y: 8 },
  note: { x: 14, y: 8 },
  label: { x: 8, y: 2 },
};

/** Longer lines are cut. Notes may be longer, because nothing else shows their text. */
const LONGEST = { task: 40, other: 80 };

/** Where a picture begins: with the facts about the whole, or with a dot if the page around it shows those facts. */
type Start = 'facts' | 'dot';

/** Computes the positions of all parts of a picture, in pixels. No two boxes overlap, and every text fits into its box. */
export function layout(diagram: Diagram, begin: Start = 'facts'): Block {
  const { execution } = diagram;
  const isExecution = execution !== undefined;
  const start = begin === 'dot' ? dot() : box('terminal', [titleOf(diagram), ...factsOf(diagram)], {});
  const body = sequence(diagram.nodes, isExecution);
  if (body.ends) return stack([start, body]);
  const tone = toneOf(execution?.status);
  return stack([start, body, box('terminal', [execution?.status ?? 'end'], { tone })]);
}

function sequence(nodes: readonly Node[], isExecution: boolean): Block {
  return stack(nodes.map((node) => blockOf(node, isExecution)));
}

function blockOf(node: Node, isExecution: boolean): Block {
  switch (node.kind) {
    case 'note':
      return box('note', [node.text], { dim: isExecution && node.open === true });
    case 'task':
      return { ...taskBox(node, KINDS[roleOf(node.type) ?? 'worker'] ?? 'task', isExecution), ends: node.ends };
    case 'choice':
      return below(taskBox(node, 'choice', isExecution), spread(node.cases.map((one) => caseBlock(one, isExecution))));
    case 'parallel': {
      const columns = spread(node.branches.map(({ nodes }) => sequence(nodes, isExecution)));
      const fork = below(taskBox(node, 'task', isExecution, missingJoin(node)), columns);
      return node.join ? stack([fork, taskBox(node.join, 'task', isExecution)]) : fork;
    }
    case 'loop':
      return loopBlock(node, isExecution);
  }
}

function caseBlock(one: Case, isExecution: boolean): Block {
  const dim = isExecution && one.taken !== true;
  const column = stack([box('label', [caseLabel(one)], { dim }), sequence(one.nodes, isExecution)]);
  return { ...column, dimExit: dim || column.dimExit };
}

const KINDS: { readonly [R in TaskRole]?: Box['kind'] } = { workflow: 'sub-workflow', end: 'terminal' };

function loopBlock(node: LoopNode, isExecution: boolean): Block {
  const rounds = node.rounds.flatMap(({ number, nodes }) => {
    const label = roundLabel(number) ?? (isExecution ? undefined : 'each round');
    return [...(label ? [box('label', [label], {})] : []), sequence(nodes, isExecution)];
  });
  const dim = isExecution && !node.run;
  const frame = framed(stack(rounds), { repeats: !isExecution, dim });
  return below(taskBox(node, 'choice', isExecution, roundsOf(node)), frame);
}

/** Places columns directly below a head. The columns already contain the lines that connect them to the head. */
function below(head: Block, columns: Block): Block {
  if (columns === EMPTY) return head;
  const axis = Math.max(head.axis, columns.axis);
  const top = moved(head, axis - head.axis, 0);
  const rest = moved(columns, axis - columns.axis, head.height);
  return {
    ...rest,
    width: axis + Math.max(head.width - head.axis, columns.width - columns.axis),
    height: head.height + columns.height,
    axis,
    boxes: [...top.boxes, ...rest.boxes],
    dimEntry: head.dimEntry,
  };
}

/** The box of a task: its reference, type, detail and result. */
function taskBox(head: Head, kind: Box['kind'], isExecution: boolean, more?: string): Block {
  const { ref, detail, run } = head;
  const matter = matterOf(head);
  const about = [
    ...(more ? [more] : []),
    ...(isExecution ? [fateOf(run)] : []),
    ...(run?.subWorkflowId ? [run.subWorkflowId] : []),
  ];
  const lines = [ref, kindOf(head), ...(matter ? [matter] : []), ...about];
  const title = [ref, kindOf(head), ...(detail ? [detail] : []), ...about].join('\n');
  return box(kind, lines, { tone: toneOf(run?.status), dim: isExecution && !run, title, ref });
}

/** A small round box without a text. */
function dot(): Block {
  const size = 14;
  const drawn: Box = {
    kind: 'terminal',
    x: 0,
    y: 0,
    width: size,
    height: size,
    lines: [],
    title: 'start',
    tone: 'none',
    dim: false,
  };
  return { ...EMPTY, width: size, height: size, axis: size / 2, boxes: [drawn] };
}

interface Look {
  tone?: Tone;
  dim?: boolean;
  /** Default: all lines, uncut. */
  title?: string;
  ref?: string;
}

function box(kind: Box['kind'], all: readonly string[], { tone = 'none', dim = false, title, ref }: Look): Block {
  const most = kind === 'note' || kind === 'terminal' ? LONGEST.other : LONGEST.task;
  const lines = all.map((line) => shorten(line, most));
  const padding = PADDING[kind];
  const width = Math.ceil(Math.max(...lines.map(columnsOf)) * FONT.charWidth) + 2 * padding.x;
  const height = lines.length * FONT.lineHeight + 2 * padding.y;
  const about = { lines, title: title ?? all.join('\n'), tone, dim, ...(ref !== undefined && { ref }) };
  const drawn: Box = { kind, x: 0, y: 0, width, height, ...about };
  return { ...EMPTY, width, height, axis: width / 2, boxes: [drawn], dimEntry: dim, dimExit: dim };
}
