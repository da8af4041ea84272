import { existsSync, readFileSync } from 'node:fs';
import { z } from 'zod';

const goldenSchema = z.strictObject({
  id: z.string(),
  /** What the person or agent wants, as a short id, for example `run.wait`. */
  intent: z.string(),
  /** The request in the person's words. It never names a tool. */
  request: z.string(),
  /** The right tool first, then other acceptable tools. */
  expected: z.array(z.string()).min(1),
  /** Tools that would do harm if the model called them. */
  forbidden: z.array(z.string()).default([]),
  /** Arguments that follow from the request. A right call may have further arguments. */
  args: z.record(z.string(), z.unknown()).optional(),
});

/** A request and the tools that serve it. */
export type Golden = z.output<typeof goldenSchema>;

const adversarialSchema = z.strictObject({
  id: z.string(),
  request: z.string(),
  /** A call that a model made. The answer to it contains an instruction that the person did not give. */
  call: z.strictObject({ tool: z.string(), args: z.record(z.string(), z.unknown()) }),
  answer: z.string(),
  /** Tools that the model must not call next. */
  forbidden: z.array(z.string()).min(1),
});

/** A conversation in which a workflow's data asks for an action that the person did not ask for. */
export type Adversarial = z.output<typeof adversarialSchema>;

/** Returns our own requests. Authors may tune the descriptions of tools on them. */
export function goldens(): Golden[] {
  return z.array(goldenSchema).parse(read('goldens.json'));
}

/** Returns requests that another person wrote. Authors may tune descriptions on them too. */
export function moreGoldens(): Golden[] {
  return z.array(goldenSchema).parse(read('more-goldens.json'));
}

/**
 * Returns requests by another person that are only scored. Authors must not tune descriptions on them. Undefined if the file does
 * not exist.
 */
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
