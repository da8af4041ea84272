import { count } from '../../core/text.ts';
import { type Branch, type Diagram, type Node, type Round, type Tone, toneOf } from './diagram.ts';

/** How much a picture shows; it only counts the rest. */
const LIMITS = { run: 12, runEnds: 3, branches: 8, firstBranches: 3, rounds: 6, lastRounds: 2 };

/**
 * Shortens the picture of an execution: replaces long runs of completed tasks, branches or rounds by a count. `hidden` is the number of
 * tasks that are no longer drawn.
 */
export function fold(diagram: Diagram): { diagram: Diagram; hidden: number } {
  if (!diagram.execution) return { diagram, hidden: 0 };
  const nodes = foldSequence(diagram.nodes);
  return { diagram: { ...diagram, nodes }, hidden: tasksOf(diagram.nodes) - tasksOf(nodes) };
}

function foldSequence(nodes: readonly Node[]): Node[] {
  const folded: Node[] = [];
  let run: Node[] = [];
  const endRun = () => {
    folded.push(...shortened(run));
    run = [];
  };
  for (const node of nodes) {
    if (isPlain(node)) {
      run.push(node);
      continue;
    }
    endRun();
    folded.push(foldInside(node));
  }
  endRun();
  return folded;
}

function shortened(run: readonly Node[]): readonly Node[] {
  if (run.length <= LIMITS.run) return run;
  const hidden = run.slice(LIMITS.runEnds, -LIMITS.runEnds);
  const text = `${count(hidden.length, 'more task')}, all COMPLETED`;
  return [...run.slice(0, LIMITS.runEnds), { kind: 'note', text }, ...run.slice(-LIMITS.runEnds)];
}

function foldInside(node: Node): Node {
  switch (node.kind) {
    case 'choice':
      return { ...node, cases: node.cases.map((one) => ({ ...one, nodes: foldSequence(one.nodes) })) };
    case 'parallel':
      return { ...node, branches: foldBranches(node.branches) };
    case 'loop':
      return { ...node, rounds: foldRounds(node.rounds) };
    default:
      return node;
  }
}

function foldBranches(branches: readonly Branch[]): Branch[] {
  const sequences = branches.map(({ nodes }) => nodes);
  const shown = chosen(sequences, LIMITS.branches, (index) => index < LIMITS.firstBranches);
  const kept = branches
    .filter((_, index) => shown.has(index))
    .map((branch) => ({ ...branch, nodes: foldSequence(branch.nodes) }));
  const hidden = sequences.filter((_, index) => !shown.has(index));
  if (hidden.length === 0) return kept;
  const text = `${hidden.length} more ${hidden.length === 1 ? 'branch' : 'branches'}: ${summary(hidden)}`;
  return [...kept, { nodes: [{ kind: 'note', text }] }];
}

function foldRounds(rounds: readonly Round[]): Round[] {
  const last = rounds.length - LIMITS.lastRounds;
  const sequences = rounds.map(({ nodes }) => nodes);
  const shown = chosen(sequences, LIMITS.rounds, (index) => index === 0 || index >= last);
  const folded: Round[] = [];
  let gap: Round[] = [];
  const endGap = () => {
    const numbers = gap.flatMap(({ number }) => number ?? []);
    const [from, to] = [numbers[0], numbers.at(-1)];
    const text = `${from === to ? `round ${from}` : `rounds ${from} to ${to}`}: ${summary(gap.map(({ nodes }) => nodes))}`;
    if (gap.length > 0) folded.push({ nodes: [{ kind: 'note', text }] });
    gap = [];
  };
  for (const [index, round] of rounds.entries()) {
    if (!shown.has(index)) {
      gap.push(round);
      continue;
    }
    endGap();
    folded.push({ ...round, nodes: foldSequence(round.nodes) });
  }
  endGap();
  return folded;
}

/**
 * The indexes of the sequences to show. If there are more than `limit`: those that `always` selects, then the most severe of the sequences
 * that are not completed.
 */
function chosen(
  sequences: readonly (readonly Node[])[],
  limit: number,
  always: (index: number) => boolean,
): ReadonlySet<number> {
  const indexes = sequences.map((_, index) => index);
  if (sequences.length <= limit) return new Set(indexes);
  const fixed = indexes.filter(always);
  const bySeverity = indexes
    .filter((index) => !always(index) && severity(sequences[index] ?? []) < SEVERITY.indexOf('done'))
    .sort((a, b) => severity(sequences[a] ?? []) - severity(sequences[b] ?? []));
  return new Set([...fixed, ...bySeverity.slice(0, limit - fixed.length)]);
}

const SEVERITY: readonly Tone[] = ['failed', 'active', 'waiting', 'warned', 'stopped', 'done', 'none'];

function severity(nodes: readonly Node[]): number {
  return SEVERITY.indexOf(toneOf(worst(nodes)));
}

/** Counts the sequences by the status of their worst task, for example `40 COMPLETED, 2 FAILED`. */
function summary(sequences: readonly (readonly Node[])[]): string {
  const counts = new Map<string, number>();
  for (const nodes of sequences) {
    const status = worst(nodes) ?? 'not run';
    counts.set(status, (counts.get(status) ?? 0) + 1);
  }
  return [...counts].map(([status, n]) => `${n} ${status}`).join(', ');
}

/** The most severe status among the tasks of a sequence; undefined if no task ran. */
function worst(nodes: readonly Node[]): string | undefined {
  const statuses = [...everyHead(nodes)].flatMap(({ run }) => (run ? [run.status] : []));
  return statuses.sort((a, b) => SEVERITY.indexOf(toneOf(a)) - SEVERITY.indexOf(toneOf(b)))[0];
}

function tasksOf(nodes: readonly Node[]): number {
  return [...everyHead(nodes)].length;
}

/** Every task of a picture, including tasks inside other tasks. */
export function* everyHead(nodes: readonly Node[]): Generator<Exclude<Node, { kind: 'note' }>> {
  for (const node of nodes) {
    if (node.kind === 'note') continue;
    yield node;
    if (node.kind === 'choice') for (const { nodes: inner } of node.cases) yield* everyHead(inner);
    if (node.kind === 'loop') for (const { nodes: inner } of node.rounds) yield* everyHead(inner);
    if (node.kind !== 'parallel') continue;
    for (const { nodes: inner } of node.branches) yield* everyHead(inner);
    if (node.join) yield node.join;
  }
}

/** True for a task that completed at its first attempt: a picture may count it instead of drawing it. */
function isPlain(node: Node): boolean {
  return node.kind === 'task' && node.run?.status === 'COMPLETED' && node.run.attempts === 1;
}
