import { z } from 'zod';

/** A tool call that an answer recommends. */
export interface Advised {
  readonly tool: string;
  readonly args: Readonly<Record<string, unknown>>;
}

const argsSchema = z.record(z.string(), z.unknown());

/**
 * Returns the calls that an answer recommends, in their order, for example `get_execution_status {"executionId":"…"}`. It skips
 * text in quotes, because that is foreign data and not a recommendation.
 */
export function callsIn(text: string, tools: readonly string[]): Advised[] {
  return text.split('\n').flatMap((line) => callsInLine(line, tools));
}

/** Returns the call after `Next:`. The caller should make it after a failure. */
export function nextCall(text: string, tools: readonly string[]): Advised | undefined {
  const [line] = text.split('\n').filter((one) => one.startsWith('Next: '));
  return line === undefined ? undefined : callsInLine(line, tools)[0];
}

function callsInLine(line: string, tools: readonly string[]): Advised[] {
  const found: Advised[] = [];
  const part = /"(?:[^"\\]|\\.)*"|\b([a-z]+(?:_[a-z]+)+) (?=\{)/g;
  for (let match = part.exec(line); match; match = part.exec(line)) {
    const [, tool] = match;
    if (tool === undefined || !tools.includes(tool)) continue;
    const json = objectAt(line, part.lastIndex);
    if (json === undefined) continue;
    part.lastIndex += json.length;
    found.push({ tool, args: argsSchema.parse(JSON.parse(json)) });
  }
  return found;
}

/** Returns the JSON object that starts at `start`, including its closing brace. */
function objectAt(line: string, start: number): string | undefined {
  let depth = 0;
  const part = /"(?:[^"\\]|\\.)*"|[{}]/g;
  part.lastIndex = start;
  for (let match = part.exec(line); match; match = part.exec(line)) {
    if (match[0] === '{') depth += 1;
    if (match[0] === '}') depth -= 1;
    if (depth === 0) return line.slice(start, part.lastIndex);
  }
  return undefined;
}
