import { answers, completes, defineScenarios, fails, rounds } from 'conductor-fleet';
import template from './ai-agent.ts';

const says = (result: unknown) => completes({ result, finishReason: 'STOP' });
const searches = says({ action: 'TOOL', query: 'saga', answer: '', confidence: 0.3 });
const found = answers(200, { results: [{ title: 'Sagas', snippet: 'undo steps' }] });

export default defineScenarios(template.workflow, {
  'searches, then answers': {
    input: { question: 'What is a saga?' },
    tasks: {
      decide: rounds(searches, says({ action: 'FINAL', answer: 'It undoes steps.', confidence: 0.95 })),
      search: found,
    },
    expect: {
      status: 'COMPLETED',
      output: { answer: 'It undoes steps.', confidence: 0.95, iterations: 2 },
      inputs: { search: { http_request: { body: { q: 'saga' } } } },
    },
  },
  'answers in the first round, after a retry of the model': {
    input: { question: 'Why?' },
    tasks: { decide: [fails('overloaded'), says({ action: 'FINAL', answer: 'So.', confidence: 1 })] },
    expect: { status: 'COMPLETED', output: { answer: 'So.', iterations: 1 }, attempts: { decide: 2 } },
  },
  'stops after five rounds without a sure answer': {
    input: { question: 'Why?' },
    tasks: { decide: searches, search: [fails('answered 503'), found] },
    expect: { status: 'COMPLETED', output: { confidence: 0.3, iterations: 5 }, rounds: { think: 5 } },
  },
  'continues after an answer that is not a decision': {
    input: { question: 'Why?' },
    tasks: { decide: rounds(says(['no', 'object']), says({ action: 'FINAL', answer: 'So.', confidence: 1 })) },
    expect: { status: 'COMPLETED', output: { answer: 'So.', iterations: 2 }, notRan: ['search'] },
  },
});
