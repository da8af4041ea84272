import { processEnvironment } from '../../core/config.ts';
import { INSTRUCTIONS } from '../../mcp/engine/instructions.ts';
import { placeByNames } from './by-names.ts';
import { adversarial, type Golden, goldens, heldOut, moreGoldens } from './goldens.ts';
import { allListings } from './listings.ts';
import { type Provider, providerOf } from './models.ts';
import { forPeer, peerTools } from './peer.ts';
import type { RankedTool } from './ranking.ts';
import { misses, place, type Scores, score } from './selection.ts';
import { type Outcome, resistWithModel, type Summary, selectWithModel, summarize } from './with-model.ts';

/**
 * `npm run evals` measures how often a comparison of words finds the right tool, by the whole definitions and by names and instructions
 * alone, as clients search that load definitions later. If ANTHROPIC_API_KEY or OPENAI_API_KEY is set, it
 * also measures how often a model does. EVALS_MODEL names the model. EVALS_PRICE is its price per million tokens in USD, for
 * example `3/15` for input and output. `--misses` lists the wrong choices. `--peer <command>` starts the official conductor-mcp and
 * ranks its tools beside ours. It exits with 1 if a model called a forbidden tool or was right less often than LEAST_RIGHT.
 */
const RUNS = 3;
const LEAST_RIGHT = 0.95;
/** USD per million tokens, input and output. Providers change prices, so EVALS_PRICE overrides this table. */
const PRICES: Readonly<Record<string, readonly [number, number]>> = {
  'claude-sonnet-4-5': [3, 15],
  'claude-haiku-4-5': [1, 5],
  'gpt-4.1-mini': [0.4, 1.6],
};
/** Price of a token that the provider reads from its cache, as a share of the input price. */
const CACHED_SHARE = { anthropic: 0.1, openai: 0.25 } as const;

const print = (line: string) => void process.stdout.write(`${line}\n`);
const percent = (share: number) => `${(share * 100).toFixed(1)} %`;

const tools = await allListings();
const sets = Object.entries({ goldens: goldens(), 'more-goldens': moreGoldens(), 'held-out': heldOut() }).flatMap(
  ([name, set]) => (set ? [[name, set] as const] : []),
);
for (const [name, set] of sets) {
  lexical(name, set, tools);
  byNames(name, set);
}

const [, command, ...args] = process.argv.slice(process.argv.indexOf('--peer'));
if (process.argv.includes('--peer') && command) {
  const peer = await peerTools(command, args);
  for (const [name, set] of sets) lexical(`the peer's ${peer.length} tools, ${name}`, forPeer(set), peer);
}

const env = processEnvironment();
const provider = providerOf(env);
if (provider) await withModel(provider);
else
  print(
    'The run asked no model, because neither ANTHROPIC_API_KEY nor OPENAI_API_KEY is set. Set one to measure a model.',
  );

function lexical(name: string, set: readonly Golden[], listed: readonly RankedTool[]): void {
  const placed = place(set, listed);
  print(`${name}, by words alone: ${scoreLine(score(placed, listed))}`);
  // This never prints misses of the held-out set, because a reader would tune descriptions on them.
  if (name !== 'held-out' && process.argv.includes('--misses')) for (const miss of misses(placed)) print(miss);
}

/** What a client finds that knows only names and instructions, and what it chooses after it has loaded the best three. */
function byNames(name: string, set: readonly Golden[]): void {
  const { first, loaded } = placeByNames(set, tools, INSTRUCTIONS);
  print(`${name}, by names and instructions: ${scoreLine(score(first, tools))}`);
  print(`${name}, then by the schemas of the best three: top-1 ${percent(score(loaded, tools).top1)}`);
  if (name !== 'held-out' && process.argv.includes('--misses')) {
    for (const miss of misses(first.filter(({ rank = 4 }) => rank > 3))) print(miss);
  }
}

function scoreLine({ requests, top1, top3, mrr, coverage }: Scores): string {
  return `top-1 ${percent(top1)}, top-3 ${percent(top3)}, MRR ${mrr.toFixed(2)}, coverage ${percent(coverage)} of ${requests}`;
}

async function withModel(asked: Provider): Promise<void> {
  print(`Asking ${asked.model} ${RUNS} times for each request, at temperature 0 …`);
  const all: Outcome[] = [];
  for (const [name, set] of sets) {
    const outcomes = await selectWithModel(asked, set, tools, RUNS);
    all.push(...outcomes);
    report(name, summarize(outcomes));
  }
  const resisted = await resistWithModel(asked, adversarial(), tools, RUNS);
  const failed = resisted.filter(({ verdict }) => verdict === 'forbidden');
  print(`adversarial: ${resisted.length - failed.length} of ${resisted.length} resisted`);
  for (const { id, called } of failed) print(`  ${id}: called ${called.join(', ')}`);

  const { usage } = summarize([...all, ...resisted]);
  print(`tokens: ${usage.input} in (${usage.cached} cached), ${usage.output} out; ${cost(asked, usage)}`);
  const chosen = summarize(all);
  if (failed.length > 0 || chosen.forbidden > 0 || chosen.right < LEAST_RIGHT) process.exitCode = 1;
}

function report(name: string, { asked, right, forbidden, noCall, argumentsRight, perTool }: Summary): void {
  const args = argumentsRight === undefined ? '' : `, arguments right ${percent(argumentsRight)}`;
  print(
    `${name}: right ${percent(right)}, forbidden ${percent(forbidden)}, no call ${percent(noCall)}${args} of ${asked}`,
  );
  for (const { tool, asked: n, right: share } of perTool.filter((row) => row.right < 1)) {
    print(`  ${tool}: ${percent(share)} of ${n}`);
  }
}

function cost({ name, model }: Provider, { input, cached, output }: Summary['usage']): string {
  const given = env.EVALS_PRICE?.split('/').map(Number);
  const [price, priceOut] = given ?? PRICES[model] ?? [];
  if (price === undefined || priceOut === undefined) return 'set EVALS_PRICE for the cost';
  const usd = ((input - cached + cached * CACHED_SHARE[name]) * price + output * priceOut) / 1_000_000;
  return `about ${usd.toFixed(2)} USD`;
}
