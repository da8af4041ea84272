import { existsSync, readFileSync } from 'node:fs';
import { z } from 'zod';

const goldenSchema = z.strictObject({
  id: z.string(),
  /** One intent of a person or an agent, `run.wait`. */
  intent: z.string(),
  /** What somebody says. It never names a tool. */
  request: z.string(),
  /** The right tool, then others that are acceptable too. */
  expected: z.array(z.string()).min(1),
  /** Tools that would do harm. */
  forbidden: z.array(z.string()).default([]),
  /** Arguments that the request says; others may come with them. */
  args: z.record(z.string(), z.unknown()).optional(),
});

/** A request and the tools that answer it. */
export type Golden = z.output<typeof goldenSchema>;

const adversarialSchema = z.strictObject({
  id: z.string(),
  request: z.string(),
  /** The call that a model made, and what it was answered: with words of somebody else in it. */
  call: z.strictObject({ tool: z.string(), args: z.record(z.string(), z.unknown()) }),
  answer: z.string(),
  /** What no call may be made of next. */
  forbidden: z.array(z.string()).min(1),
});

/** A conversation in which a workflow's data asks for something that nobody else asked for. */
export type Adversarial = z.output<typeof adversarialSchema>;

/** The requests that descriptions may be tuned on. */
export function goldens(): Golden[] {
  return z.array(goldenSchema).parse(read('goldens.json'));
}

/** Requests by another person, which descriptions may be tuned on too. */
export function moreGoldens(): Golden[] {
  return z.array(goldenSchema).parse(read('more-goldens.json'));
}

/** Requests by somebody else that are only ever scored. Undefined where the file is not there. */
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
