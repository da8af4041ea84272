import { z } from 'zod';

/** A tool as OpenAI's protocol offers it. */
export const offeredTool = z.looseObject({ type: z.string(), function: z.looseObject({ name: z.string() }) });

/** What the model asks for. */
export interface AskedCall {
  name: string;
  arguments: Record<string, unknown>;
}

/**
 * The script for a model with tools: it calls the offered tool that the text names, with the first JSON object of the text as its
 * arguments; undefined if it names none.
 */
export function callFor(text: string, tools: readonly z.output<typeof offeredTool>[]): AskedCall | undefined {
  const tool = tools.find(({ function: { name } }) => text.includes(name));
  if (!tool) return undefined;
  return { name: tool.function.name, arguments: objectIn(text) };
}

function objectIn(text: string): Record<string, unknown> {
  try {
    return z.record(z.string(), z.unknown()).parse(JSON.parse(/\{.*\}/s.exec(text)?.[0] ?? '{}'));
  } catch {
    return {};
  }
}
