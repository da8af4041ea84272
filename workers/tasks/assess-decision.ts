import { defineTask, z } from 'conductor-fleet';

/** The form of the answer that the model was asked for. Models often send null for fields that do not apply. */
const decision = z.object({
  action: z.enum(['TOOL', 'FINAL']),
  tool: z.enum(['search', 'weather']).nullish(),
  query: z.string().nullish(),
  answer: z.string().nullish(),
  confidence: z.coerce.number(),
});

export default defineTask({
  name: 'assess_decision',
  description: "Checks a model's decision and turns it into the next step of the research: search, weather or final.",
  input: z.object({ reply: z.unknown(), question: z.string() }),
  output: z.object({
    next: z.enum(['search', 'weather', 'final']),
    query: z.string(),
    answer: z.string(),
    /** 0 to 1. */
    confidence: z.number(),
  }),
}).worker(async ({ reply, question }, { log }) => {
  const parsed = decision.safeParse(reply);
  if (!parsed.success) {
    // An answer in another form costs one more round, but does not fail the execution.
    log.warn({ issues: parsed.error.issues }, 'the model did not answer with a decision; searching instead');
    return { next: 'search', query: question, answer: '', confidence: 0 };
  }
  const { action, tool, query, answer, confidence } = parsed.data;
  const bounded = Math.min(1, Math.max(0, Number.isFinite(confidence) ? confidence : 0));
  const next = action === 'FINAL' ? 'final' : (tool ?? 'search');
  return { next, query: query ?? question, answer: answer ?? '', confidence: bounded };
});
