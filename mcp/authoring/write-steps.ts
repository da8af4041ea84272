import { z } from 'zod';
import type { Conductor } from '../../core/conductor/api.ts';
import { FleetError, messageOf } from '../../core/errors.ts';
import { named } from '../../core/settings/named.ts';
import { clip } from '../../core/text.ts';
import { compileSteps } from '../../workflows/steps/compile-steps.ts';
import { EXAMPLE_STEPS, STEP_FORMAT } from '../../workflows/steps/step-format.ts';
import type { ServerModel, ToolContext } from '../engine/define-tool.ts';
import { WRITE_STEPS } from '../guard/own-workflows.ts';
import { callOf, quote } from '../shared/quote.ts';
import { aboutTools, refuseOtherCalls } from './required-tools.ts';

/** Steps that a model wrote. */
export interface Written {
  readonly steps: readonly Record<string, unknown>[];
  readonly output?: Record<string, unknown> | undefined;
}

/** What a model writes steps for. */
export interface Wanted {
  readonly name: string;
  readonly description: string;
  /** The only workers, workflows and MCP tools that the steps may call. Default: any. */
  readonly toolsRequired?: readonly string[] | undefined;
}

/** The model gets one chance to correct its mistakes. */
const TRIES = 2;
const MAX_TOKENS = 2_000;
const MODEL_SECONDS = 40;

const written = z.object({
  steps: z.array(z.record(z.string(), z.unknown())).min(1).max(100),
  output: z.record(z.string(), z.unknown()).optional(),
});

const SYSTEM = 'You write workflows as JSON. You answer with one JSON object and nothing else.';

/**
 * Lets a model write the steps for a description: the client's model, or else the model that is configured on the Conductor server.
 * @throws FleetError `input` with the format of steps and an example, if there is no model, or if its steps do not compile
 */
export async function writeSteps({ name, description, toolsRequired }: Wanted, context: ToolContext): Promise<Written> {
  const tools = toolsRequired && (await aboutTools(toolsRequired, context.conductor));
  const base = promptFor(description, tools);
  let prompt = base;
  let why = `No model can write the steps: this client does not support sampling, and ${named('llmProvider')} is not set.`;
  for (let round = 1; round <= TRIES; round++) {
    const answer = await askModel(prompt, `steps-${round}`, context);
    if (answer === undefined) break;
    if ('failed' in answer) {
      why = `The model did not answer. The reason (quoted): ${quote(answer.failed, 300)}.`;
      break;
    }
    const read = parseSteps(name, answer.said, toolsRequired);
    if ('steps' in read) return read;
    why = `The model wrote steps that do not compile. The problem (quoted): ${quote(read.problem, 300)}.`;
    prompt = `${base}\n\nYou answered:\n${clip(answer.said, 8_000)}\n\nYour answer is wrong: ${read.problem}\nCorrect it and answer again.`;
  }
  throw formatNeeded(name, why);
}

/** The error that asks the caller to write the steps, with their format. */
export function formatNeeded(name: string, why: string): FleetError {
  const example = callOf('design_and_execute_workflow', {
    name,
    steps: EXAMPLE_STEPS,
    input: { prices: [40, 70] },
    execute: false,
  });
  return new FleetError('input', `${why}\nWrite the steps yourself. ${STEP_FORMAT}`, {
    remedy: `Send steps. An example that works without changes: ${example}`,
  });
}

function promptFor(description: string, tools: string | undefined): string {
  return [
    `Write a workflow for this request, quoted: ${JSON.stringify(description)}`,
    ...(tools === undefined ? [] : [tools]),
    'Answer with {"steps":[…],"output":{…}}; output is optional and refers to steps.',
    STEP_FORMAT,
    `Example: ${JSON.stringify({ steps: EXAMPLE_STEPS })}`,
    'Do not invent addresses, task names, servers or models. If the request does not name one, read it from ${input.…}.',
  ].join('\n\n');
}

type Answer = { readonly said: string } | { readonly failed: string };

async function askModel(prompt: string, key: string, context: ToolContext): Promise<Answer | undefined> {
  const said = await context.sample(key, { prompt, systemPrompt: SYSTEM, maxTokens: MAX_TOKENS });
  if (said !== undefined) return { said };
  return context.model && askServer(prompt, context.model, context);
}

/** Asks the server's model through a one-task workflow, which it starts without registering it. */
async function askServer(
  prompt: string,
  { provider, model }: ServerModel,
  { conductor, signal }: { conductor: Conductor; signal: AbortSignal },
): Promise<Answer> {
  const { def } = compileSteps({
    name: WRITE_STEPS,
    version: 1,
    steps: [
      // In the prompt, `$${` means a literal `${`. The server must not resolve the references in the examples.
      {
        id: 'write',
        type: 'llm',
        provider,
        model,
        system: SYSTEM,
        prompt: prompt.replaceAll('${', () => '$${'),
        maxTokens: MAX_TOKENS,
        retries: 0,
      },
    ],
    timeoutSeconds: MODEL_SECONDS,
  });
  const limit = AbortSignal.any([signal, AbortSignal.timeout(MODEL_SECONDS * 1000)]);
  let id: string | undefined;
  try {
    id = await conductor.startWorkflow({ name: def.name, input: {}, workflowDef: def });
    const { status, output, reasonForIncompletion } = await conductor.waitForEnd(id, { signal: limit });
    if (status !== 'COMPLETED') return { failed: reasonForIncompletion ?? status };
    const { write } = output;
    // The server parses an answer that is JSON, so `write` can be an object instead of text.
    return { said: typeof write === 'string' ? write : JSON.stringify(write) };
  } catch (error) {
    // The answer is no longer needed, so the model's workflow must not keep running.
    if (id !== undefined && limit.aborted)
      await conductor
        .detached()
        .terminate(id, 'given up')
        .catch(() => {});
    signal.throwIfAborted();
    return { failed: limit.aborted ? `no answer within ${MODEL_SECONDS} s` : messageOf(error) };
  }
}

/** The steps in a model's answer, with or without a code fence, or why they cannot be used. */
function parseSteps(name: string, said: string, toolsRequired?: readonly string[]): Written | { problem: string } {
  const json = said.slice(said.indexOf('{'), said.lastIndexOf('}') + 1);
  try {
    const found = written.parse(JSON.parse(json));
    const { def } = compileSteps({ name, version: 1, ...found });
    if (toolsRequired) refuseOtherCalls(def, toolsRequired);
    return found;
  } catch (error) {
    return {
      problem: error instanceof FleetError ? error.message : 'the answer is not a JSON object with a list of steps.',
    };
  }
}
