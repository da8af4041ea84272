import { existsSync, readFileSync } from 'node:fs';
import { z } from 'zod';

const goldenSchema = z.strictObject({
  id: z.string(),
  /** The intent of the person or agent, for example `run.wait`. */
  intent: z.string(),
  /** The words of the person. They never name a tool. */
  request: z.string(),
  /** The right tool first, then other acceptable tools. */
  expected: z.array(z.string()).min(1),
  /** Tools that would do harm. */
  forbidden: z.array(z.string()).default([]),
  /** Arguments that the request determines. A call may have others too. */
  args: z.record(z.string(), z.unknown()).optional(),
});

/** A request and the tools that answer it. */
export type Golden = z.output<typeof goldenSchema>;

const adversarialSchema = z.strictObject({
  id: z.string(),
  request: z.string(),
  /** The call that a model made. Its answer contains an instruction that does not come from the person. */
  call: z.strictObject({ tool: z.string(), args: z.record(z.string(), z.unknown()) }),
  answer: z.string(),
  /** Tools that the model must not call next. */
  forbidden: z.array(z.string()).min(1),
});

/** A conversation in which a workflow's data asks for an action that the person did not ask for. */
export type Adversarial = z.output<typeof adversarialSchema>;

/** The requests on which descriptions may be tuned. */
export function goldens(): Golden[] {
  return z.array(goldenSchema).parse(read('goldens.json'));
}

/** Requests that another person wrote. Descriptions may be tuned on them too. */
export function moreGoldens(): Golden[] {
  return z.array(goldenSchema).parse(read('more-goldens.json'));
}

/** Requests by another person that are only scored, never used for tuning. Undefined if the file does not exist. */
export function heldOut(): Golden[] | undefined {
  return existsSync(place('held-out.json')) ? z.array(goldenSchema).parse(read('held-out.json')) : undefined;
}

/** @see Adversarial */
export function adversarial(): Adversarial[] {
  return z.array(adversarialSchema).parse(read('adversarial.json'));
}

function read(file: string): unknown {
  return JSON.parse(readFileSync(place(file), 'utf8'));
}

function place(file: string): URL {
  return new URL(file, import.meta.url);
}
