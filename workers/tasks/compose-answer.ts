import { defineTask, z } from 'conductor-fleet';

/** Below this confidence, an answer is reported as unsure. */
const CONFIDENT = 0.9;

export default defineTask({
  name: 'compose_answer',
  description: 'Turns the final state of a research into an answer with its sources, and says if the answer is unsure.',
  input: z.object({
    question: z.string(),
    answer: z.string().optional(),
    confidence: z.number(),
    iterations: z.int(),
    findings: z.array(z.object({ tool: z.string(), query: z.string(), text: z.string() })),
  }),
  output: z.object({ answer: z.string(), sources: z.array(z.string()) }),
}).worker(async ({ question, answer, confidence, iterations, findings }) => {
  const sources = [...new Set(findings.map(({ tool, query }) => `${tool}: ${query}`))];
  if (answer && confidence >= CONFIDENT) return { answer, sources };
  const found = answer || (findings.at(-1)?.text ?? 'nothing');
  return {
    answer: `No sure answer to "${question}" after ${iterations} rounds (confidence ${confidence}). The best so far: ${found}`,
    sources,
  };
});
