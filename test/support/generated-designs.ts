import fc from 'fast-check';

type Json = Record<string, unknown>;

/** The structure of a step. Its id and references are added later, chosen by `seed`. */
type Shape =
  | { kind: 'leaf'; type: Leaf; seed: number }
  | { kind: 'parallel'; branches: Shape[][] }
  | { kind: 'branch'; ways: Shape[][]; by: 'on' | 'if'; otherwise: boolean; seed: number }
  | { kind: 'loop'; body: Shape[]; by: 'over' | 'list' | 'rounds' | 'until'; collects: boolean; seed: number };

const COMPUTED = ['script', 'jq', 'set'] as const;
const ALL = [...COMPUTED, 'http', 'worker', 'mcp_tool', 'llm', 'workflow', 'approval', 'wait', 'signal'] as const;
type Leaf = (typeof ALL)[number];

function shapes(leaves: readonly Leaf[]) {
  return fc.letrec<{ shape: Shape; sequence: Shape[] }>((tie) => ({
    sequence: fc.array(tie('shape'), { minLength: 1, maxLength: 4 }),
    shape: fc.oneof(
      { maxDepth: 3, withCrossShrink: true },
      {
        weight: 6,
        arbitrary: fc.record({ kind: fc.constant('leaf' as const), type: fc.constantFrom(...leaves), seed: fc.nat() }),
      },
      {
        weight: 2,
        arbitrary: fc.record({
          kind: fc.constant('parallel' as const),
          branches: fc.array(tie('sequence'), { minLength: 1, maxLength: 3 }),
        }),
      },
      {
        weight: 2,
        arbitrary: fc.record({
          kind: fc.constant('branch' as const),
          ways: fc.array(tie('sequence'), { minLength: 1, maxLength: 2 }),
          by: fc.constantFrom('on' as const, 'if' as const),
          otherwise: fc.boolean(),
          seed: fc.nat(),
        }),
      },
      {
        weight: 2,
        arbitrary: fc.record({
          kind: fc.constant('loop' as const),
          body: tie('sequence'),
          by: fc.constantFrom('over' as const, 'list' as const, 'rounds' as const, 'until' as const),
          collects: fc.boolean(),
          seed: fc.nat(),
        }),
      },
    ),
  })).sequence;
}

/** Generates correct lists of steps of every type. */
export const designs: fc.Arbitrary<Json[]> = shapes(ALL).map((made) => new Writing().sequence(made, ['input.n']));

/** Generates lists of steps that the server runs to their end without workers, people or services. */
export const runnableDesigns: fc.Arbitrary<Json[]> = shapes(COMPUTED)
  .map((made) => new Writing().sequence(made, ['input.n']))
  .filter((steps) => JSON.stringify(steps).split('"type"').length < 16);

/** The input of every generated workflow. */
export const designInput = { n: 2, list: [{ v: 1 }, { v: 2 }] };

class Writing {
  #count = 0;
  #variables = 0;
  #isInLoop = false;

  sequence(made: readonly Shape[], readable: readonly string[]): Json[] {
    const seen = [...readable];
    return made.map((shape) => {
      const { step, gives } = this.#step(shape, seen);
      seen.push(...gives);
      return step;
    });
  }

  #step(shape: Shape, seen: readonly string[]): { step: Json; gives: string[] } {
    this.#count += 1;
    const id = `${shape.kind === 'leaf' ? shape.type : shape.kind}-${this.#count}`;
    switch (shape.kind) {
      case 'leaf':
        return this.#leaf(shape.type, id, pick(seen, shape.seed));
      case 'parallel':
        return {
          step: { id, type: 'parallel', branches: shape.branches.map((one) => this.sequence(one, seen)) },
          gives: [],
        };
      case 'branch':
        return { step: this.#branch(shape, id, seen), gives: [`${id}.case`] };
      case 'loop':
        return this.#loop(shape, id, seen);
    }
  }

  #leaf(type: Leaf, id: string, reference: string): { step: Json; gives: string[] } {
    const value = `\${${reference}}`;
    const text = `a "${value}"`;
    switch (type) {
      case 'script':
        return { step: { id, type, code: `({ a: ${value}, b: [1] })` }, gives: [`${id}.a`, id] };
      case 'jq':
        return { step: { id, type, query: '{a: .x}', input: { x: value } }, gives: [`${id}.result.a`] };
      case 'set':
        this.#variables += 1;
        return {
          step: { id, type, values: { [`v${this.#variables}`]: value, text } },
          gives: [`vars.v${this.#variables}`],
        };
      case 'http':
        return {
          step: {
            id,
            type,
            url: `http://127.0.0.1:9/${value}`,
            method: 'POST',
            body: { x: [value] },
            headers: { A: text },
          },
          gives: [`${id}.body.a`, `${id}.statusCode`],
        };
      case 'worker':
        return { step: { id, type, task: 'gen_task', input: { x: value } }, gives: [`${id}.a`] };
      case 'mcp_tool':
        return {
          step: { id, type, server: 'http://127.0.0.1:9/mcp', tool: 't', arguments: { x: value }, retries: 0 },
          gives: [`${id}.parsed.a`, `${id}.text`],
        };
      case 'llm':
        return {
          step: { id, type, provider: 'p', model: 'm', prompt: text, system: 's', json: true },
          gives: [`${id}.result.a`],
        };
      case 'workflow':
        return { step: { id, type, name: 'gen_child', input: { x: value } }, gives: [`${id}.a`] };
      case 'approval':
        return { step: { id, type, question: text, details: { x: value } }, gives: [`${id}.approved`] };
      case 'wait':
        return { step: { id, type, seconds: 1 }, gives: [] };
      case 'signal':
        return { step: { id, type: 'wait', signal: true }, gives: [`${id}.a`] };
    }
  }

  #branch(
    { ways, by, otherwise, seed }: Extract<Shape, { kind: 'branch' }>,
    id: string,
    seen: readonly string[],
  ): Json {
    const reference = `\${${pick(seen, seed)}}`;
    const [first = [], second = []] = ways.map((way) => this.sequence(way, seen));
    if (by === 'if') {
      const rest = otherwise ? { else: second } : {};
      // biome-ignore lint/suspicious/noThenProperty: steps have a field with this name
      return { id, type: 'branch', if: `${reference} == 2 || "x" === ${reference}`, then: first, ...rest };
    }
    return {
      id,
      type: 'branch',
      on: reference,
      cases: { 2: first, 'a b': second },
      ...(otherwise && { otherwise: [] }),
    };
  }

  /** Writes a loop, or another step if it would be inside a loop, because steps cannot contain a loop in a loop. */
  #loop(shape: Extract<Shape, { kind: 'loop' }>, id: string, seen: readonly string[]) {
    if (this.#isInLoop) return this.#leaf('set', id, pick(seen, shape.seed));
    this.#isInLoop = true;
    const isOver = shape.by === 'over' || shape.by === 'list';
    const inside = isOver ? ['item.v', 'index', 'round'] : ['round'];
    const steps = this.sequence(shape.body, [...seen, ...inside]);
    this.#isInLoop = false;
    const how = {
      over: { over: '${input.list}' },
      list: { over: [{ v: '${input.n}' }, { v: 'x' }] },
      rounds: { rounds: 2 },
      until: { rounds: 3, until: '${round} >= ${input.n}' },
    }[shape.by];
    const collect = shape.collects ? { collect: { r: '${round}' } } : {};
    return {
      step: { id, type: 'loop', ...how, steps, ...collect },
      gives: [shape.collects ? `${id}.results` : `${id}.rounds`],
    };
  }
}

function pick(seen: readonly string[], seed: number): string {
  return seen[seed % seen.length] ?? 'input.n';
}
