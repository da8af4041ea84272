/**
 * The script of the research agent. The first rule that fits decides. The number in brackets is the confidence of the decision.
 * 1. The question holds the word "unanswerable": the agent searches again (0.2).
 * 2. There is no search finding yet: the agent searches (0.3).
 * 3. The question is about weather or temperature, and there is no weather finding yet: the agent asks for the weather of the named
 *    city, else of Dubai (0.6).
 * 4. Otherwise the agent makes the final answer from the findings (0.95).
 */
import { z } from 'zod';
import { knownCities } from '../services/weather.ts';

const finding = z.looseObject({
  tool: z.string(),
  query: z.string().nullish(),
  text: z.unknown().optional(),
});

const contextSchema = z.looseObject({
  question: z.string().trim().min(1),
  round: z.number().optional(),
  findings: z.array(finding).nullish(),
});

type Finding = z.output<typeof finding>;

/** The input of the agent: the JSON text of a user message. */
export type ResearchContext = z.output<typeof contextSchema>;

/** The answer of the agent, as JSON. For `FINAL`, tool and query are those of the last finding. */
export interface Decision {
  action: 'TOOL' | 'FINAL';
  tool: 'search' | 'weather';
  query: string;
  /** Starts with `[scripted]`. */
  answer: string;
  confidence: number;
}

/**
 * Reads the context from the newest user message that holds one. If no message does, the first message is the question. The last message
 * may hold none, because for JSON output Conductor adds a user message "Formatting instruction: …" at the end.
 */
export function readContext(userMessages: readonly string[]): ResearchContext | undefined {
  for (const message of userMessages.toReversed()) {
    const parsed = contextSchema.safeParse(fromJson(message));
    if (parsed.success) return parsed.data;
  }
  const question = userMessages.find((message) => message.trim() !== '');
  return question === undefined ? undefined : { question: question.trim() };
}

/** The next step for this context. */
export function decide({ question, findings }: ResearchContext): Decision {
  const known = findings ?? [];
  if (/\bunanswerable\b/i.test(question)) {
    return step('search', question, 'I cannot answer this and keep searching.', 0.2);
  }
  if (!known.some(({ tool }) => tool === 'search')) return step('search', question, 'I have to search first.', 0.3);
  if (/\b(weather|temperature)\b/i.test(question) && !known.some(isWeather)) {
    const city = cityIn(question);
    return step('weather', city, `I still need the weather in ${city}.`, 0.6);
  }
  const last = known.at(-1);
  return {
    action: 'FINAL',
    tool: last && isWeather(last) ? 'weather' : 'search',
    query: last?.query ?? question,
    answer: `[scripted] ${known.map(({ text }) => retell(text)).join(' ')}`,
    confidence: 0.95,
  };
}

function step(tool: Decision['tool'], query: string, why: string, confidence: number): Decision {
  return { action: 'TOOL', tool, query, answer: `[scripted] ${why}`, confidence };
}

/** The tool is called `weather` over HTTP and `get_weather` over MCP. */
function isWeather({ tool }: Finding): boolean {
  return tool === 'weather' || tool === 'get_weather';
}

function cityIn(question: string): string {
  const known = knownCities.find((city) => new RegExp(`\\b${city}\\b`, 'i').test(question));
  if (known) return known;
  const named = /\b(?:weather|temperature)\b[^.?!]*?\b(?:in|at|for|of)\s+(\p{Lu}[\p{L}'-]*(?:\s\p{Lu}[\p{L}'-]*)*)/u;
  return named.exec(question)?.[1] ?? 'Dubai';
}

const searchResults = z.object({ results: z.array(z.object({ snippet: z.string() })) });
const mcpContent = z.array(z.looseObject({ text: z.string() })).min(1);
const weatherReport = z.object({ city: z.string(), temperatureCelsius: z.number(), conditions: z.string() });
const LONGEST_RETOLD = 600;

/** Turns a finding into sentences. A finding is text, the JSON of a shop service, that JSON as text, or the content of an MCP tool. */
function retell(found: unknown): string {
  const value = typeof found === 'string' ? (fromJson(found) ?? found) : found;
  const search = searchResults.safeParse(value);
  if (search.success) {
    const [first, second] = search.data.results;
    return first ? [first.snippet, second?.snippet].filter(Boolean).join(' ') : 'The search found nothing.';
  }
  const weather = weatherReport.safeParse(value);
  if (weather.success) {
    const { city, temperatureCelsius, conditions } = weather.data;
    return `In ${city} it is ${temperatureCelsius} °C, ${conditions}.`;
  }
  const content = mcpContent.safeParse(value);
  if (content.success) return content.data.map(({ text }) => retell(text)).join(' ');
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? 'Nothing was found.');
  return text.length > LONGEST_RETOLD ? `${text.slice(0, LONGEST_RETOLD)}…` : text;
}

function fromJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
