import { roleOf, type TaskRole } from '../../core/conductor/task-types.ts';
import {
  type ChoiceNode,
  type Diagram,
  type Head,
  type LoopNode,
  type Node,
  type ParallelNode,
  type TaskNode,
  type Tone,
  toneOf,
} from './diagram.ts';
import { caseLabel, factsOf, fateOf, kindOf, matterOf, missingJoin, roundLabel, roundsOf, titleOf } from './labels.ts';
import { shorten } from './text-width.ts';

/**
 * Writes a text as a label. Mermaid reads a label with four parsers: its grammar, its clean-up of entities, Markdown and HTML. A
 * character that has a meaning for one of them is written as `#code;`, which all four leave unchanged.
 */
export function mermaidLabel(text: string): string {
  const chars = [...text.trim()];
  const written = chars.map((char, index) => {
    const after = chars[index + 1];
    return isHarmless(char, chars[index - 1], after) ? char : entity(char, after);
  });
  return written.join('').replace(/www\./gi, (found) => found.replace('.', '#46;')) || ' '; // would become a link
}

/** Longer texts are cut, because they would make the nodes too wide. */
const LONGEST = { ref: 60, detail: 44, fact: 80 };

/** The start of a line: the node that it leaves, and the label of the line. */
interface Exit {
  id: string;
  label?: string;
  /** True if the execution did not take this line. */
  dim?: boolean;
}

/** Writes a picture as a Mermaid flowchart. GitHub renders it in Markdown. */
export function toMermaid(diagram: Diagram): string {
  const chart = new Chart(diagram.execution !== undefined);
  const { execution } = diagram;
  const facts = factsOf(diagram).map((line) => shorten(line, LONGEST.fact));
  const start = chart.node(['([', '])'], [titleOf(diagram), ...facts], undefined);
  const exits = chart.sequence(diagram.nodes, [{ id: start }]);
  if (exits.length > 0) {
    const end = chart.node(['([', '])'], [execution?.status ?? 'end'], execution && toneOf(execution.status));
    chart.connect(exits, end);
  }
  return ['flowchart TD', ...chart.lines.map((line) => `  ${line}`), ...chart.classes()].join('\n');
}

type Shape = readonly [open: string, close: string];

const RECTANGLE: Shape = ['[', ']'];
const SHAPES: { readonly [R in TaskRole]?: Shape } = { workflow: ['[[', ']]'], wait: ['[/', '/]'], end: ['([', '])'] };

/** Each class sets both fill and text, so it is readable on light and dark pages. */
const CLASSES: Record<Tone | 'notrun' | 'note', string> = {
  done: 'fill:#dafbe1,stroke:#1a7f37,color:#0b3d1a',
  warned: 'fill:#fff8c5,stroke:#9a6700,color:#4d3300',
  failed: 'fill:#ffebe9,stroke:#cf222e,color:#67060c,stroke-width:3px',
  active: 'fill:#ddf4ff,stroke:#0969da,color:#03244d,stroke-width:3px',
  waiting: 'fill:#eef6ff,stroke:#0969da,color:#03244d,stroke-dasharray:4 3',
  stopped: 'fill:#fbefff,stroke:#8250df,color:#3e1f79',
  none: '',
  notrun: 'fill:#f6f8fa,stroke:#8c959f,color:#6e7781,stroke-dasharray:4 3',
  note: 'fill:#f6f8fa,stroke:#8c959f,color:#424a53,stroke-dasharray:2 2',
};

/** Writes nodes and lines. It gives the nodes identifiers of its own, because a task reference could be a keyword of Mermaid. */
class Chart {
  readonly lines: string[] = [];
  readonly #isExecution: boolean;
  readonly #used = new Set<keyof typeof CLASSES>();
  #count = 0;

  constructor(isExecution: boolean) {
    this.#isExecution = isExecution;
  }

  /** Draws nodes one after the other and returns the starts of the lines that leave the last node. After a TERMINATE there are none. */
  sequence(nodes: readonly Node[], from: readonly Exit[]): readonly Exit[] {
    let exits = from;
    for (const node of nodes) {
      const next = this.#draw(node, exits);
      if (exits.length > 0) exits = next; // no line leaves an unreachable node
    }
    return exits;
  }

  node([open, close]: Shape, words: readonly string[], look: keyof typeof CLASSES | undefined): string {
    const id = `n${this.#count++}`;
    const suffix = look && CLASSES[look] ? `:::${look}` : '';
    if (suffix && look) this.#used.add(look);
    this.lines.push(`${id}${open}"${words.map(mermaidLabel).join('<br/>')}"${close}${suffix}`);
    return id;
  }

  connect(exits: readonly Exit[], to: string): void {
    for (const { id, label, dim } of exits) {
      const text = label === undefined ? '' : `|"${mermaidLabel(label)}"|`;
      this.lines.push(`${id} ${dim ? '-.->' : '-->'}${text} ${to}`);
    }
  }

  /** Defines the classes that the chart uses. */
  classes(): string[] {
    return [...this.#used].map((look) => `  classDef ${look} ${CLASSES[look]}`);
  }

  #draw(node: Node, from: readonly Exit[]): readonly Exit[] {
    switch (node.kind) {
      case 'note': {
        const id = this.node(RECTANGLE, [node.text], 'note');
        this.connect(from, id);
        return [{ id, ...(this.#isExecution && node.open && { dim: true }) }];
      }
      case 'task': {
        const exit = this.#task(node, from, SHAPES[roleOf(node.type) ?? 'worker'] ?? RECTANGLE);
        return node.ends ? [] : [exit];
      }
      case 'choice':
        return this.#choice(node, this.#task(node, from, ['{{', '}}']));
      case 'parallel':
        return this.#parallel(node, this.#task(node, from, ['[', ']'], missingJoin(node)));
      case 'loop':
        return this.#loop(node, from);
    }
  }

  #task(head: Head, from: readonly Exit[], shape: Shape, more?: string): Exit {
    const matter = matterOf(head);
    const { subWorkflowId } = head.run ?? {};
    const words = [
      shorten(head.ref, LONGEST.ref),
      shorten(kindOf(head), LONGEST.ref),
      ...(matter ? [shorten(matter, LONGEST.detail)] : []),
      ...(more ? [more] : []),
      ...(this.#isExecution ? [fateOf(head.run)] : []),
      ...(subWorkflowId ? [subWorkflowId] : []),
    ];
    const id = this.node(shape, words, this.#look(head));
    const dim = this.#isExecution && !head.run;
    this.connect(dim ? from.map((exit) => ({ ...exit, dim })) : from, id);
    return dim ? { id, dim } : { id };
  }

  #choice({ cases }: ChoiceNode, { id }: Exit): Exit[] {
    return cases.flatMap((one) =>
      this.sequence(one.nodes, [{ id, label: caseLabel(one), ...(this.#isExecution && !one.taken && { dim: true }) }]),
    );
  }

  #parallel({ branches, join }: ParallelNode, from: Exit): readonly Exit[] {
    const ends = branches.flatMap(({ nodes }) => this.sequence(nodes, [from]));
    const exits = branches.length > 0 ? ends : [from];
    if (!join) return exits;
    const joined = this.#task(join, exits, RECTANGLE);
    return exits.length > 0 ? [joined] : [];
  }

  /** Draws a frame around the rounds. A definition shows the loop as a line back; an execution shows its rounds one after the other. */
  #loop(node: LoopNode, from: readonly Exit[]): readonly Exit[] {
    const head = this.#task(node, from, ['{{', '}}'], roundsOf(node));
    const frame = `n${this.#count++}`;
    this.lines.push(`subgraph ${frame}["${mermaidLabel(`${shorten(node.ref, LONGEST.ref)} rounds`)}"]`);
    let exits: readonly Exit[] = [head];
    for (const { number, nodes } of node.rounds) {
      const label = roundLabel(number) ?? (this.#isExecution ? undefined : 'each round');
      exits = this.sequence(nodes, label ? exits.map((exit) => ({ ...exit, label })) : exits);
    }
    this.lines.push('end');
    if (this.#isExecution || exits.some(({ id }) => id === head.id)) return exits;
    this.connect(
      exits.map((exit) => ({ ...exit, label: 'again', dim: true })),
      head.id,
    );
    return exits;
  }

  #look({ run }: TaskNode | Head): keyof typeof CLASSES {
    if (run) return toneOf(run.status);
    return this.#isExecution ? 'notrun' : 'none';
  }
}

/** True for letters and digits of all alphabets, and for punctuation that has no meaning for Mermaid between these neighbours. */
function isHarmless(char: string, before: string | undefined, after: string | undefined): boolean {
  if (/^[\p{L}\p{M}\p{N}]$/u.test(char)) return char !== PLACEHOLDER;
  if (char > '\u007f' || "(,'?/".includes(char)) return true;
  if (char === ' ') return before !== ' ';
  if (char === ')') return before !== undefined && !/\d/.test(before);
  return (char === '_' || char === '-' || char === '.') && isAlphanumeric(before) && isAlphanumeric(after);
}

/** Mermaid replaces entities internally by this character. */
const PLACEHOLDER = 'ﬂ';

function isAlphanumeric(char: string | undefined): boolean {
  return char !== undefined && /^[\p{L}\p{N}]$/u.test(char);
}

/** Mermaid looks for icons (`fa:fa-car`) and formulas (`$$x$$`) even in decoded entities. A zero-width character prevents a match. */
function entity(char: string, after: string | undefined): string {
  const code = `#${char.codePointAt(0)};`;
  return (char === ':' && after === 'f') || (char === '$' && after === '$') ? `${code}#8203;` : code;
}
