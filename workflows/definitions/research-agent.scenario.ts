import { answers, completes, defineScenarios, fails, rounds } from 'conductor-fleet';
import researchAgent from './research-agent.ts';

const question = 'How warm is it in Dubai?';
const reply = completes({ result: { action: 'TOOL' }, finishReason: 'STOP' });
const assessed = (next: 'search' | 'weather' | 'final', confidence: number, answer = '') =>
  completes({ next, query: 'Dubai', answer, confidence });
const composed = completes({ answer: 'It is 38 °C.', sources: ['weather: Dubai'] });
const found = answers(200, { results: [{ title: 'Dubai', snippet: 'a city' }] });
const weather = completes({ content: [{ type: 'text', text: '38 °C' }] });

export default defineScenarios(researchAgent, {
  'ends in the first round if the model is sure': {
    input: { question },
    tasks: { decide: reply, assess: assessed('final', 0.95, 'It is 38 °C.'), compose: composed },
    expect: {
      status: 'COMPLETED',
      rounds: { research: 1 },
      output: { answer: 'It is 38 °C.', iterations: 1, confidence: 0.95, sources: ['weather: Dubai'] },
      inputs: { compose: { answer: 'It is 38 °C.', findings: [], iterations: 1 } },
      notRan: ['search', 'weather'],
    },
  },
  'searches, gets the weather, and answers with all findings': {
    input: { question },
    tasks: {
      decide: reply,
      assess: rounds(assessed('search', 0), assessed('weather', 0.4), assessed('final', 0.9, 'It is 38 °C.')),
      search: found,
      weather,
      compose: composed,
    },
    expect: {
      status: 'COMPLETED',
      rounds: { research: 3 },
      variables: {
        findings: [
          { tool: 'search', query: 'Dubai', text: 'Dubai: a city' },
          { tool: 'weather', query: 'Dubai', text: '38 °C' },
        ],
      },
      inputs: { search: { http_request: { body: { q: 'Dubai' } } }, weather: { arguments: { city: 'Dubai' } } },
    },
  },
  'stops after five rounds without a sure answer': {
    input: { question },
    tasks: { decide: reply, assess: assessed('search', 0.1), search: found, compose: composed },
    expect: { status: 'COMPLETED', rounds: { research: 5 }, attempts: { search: 5 }, output: { confidence: 0.1 } },
  },
  'retries the model, the tools and the workers': {
    input: { question },
    tasks: {
      decide: [fails('429 Too Many Requests'), reply],
      assess: rounds(
        [fails('connection lost'), assessed('search', 0)],
        assessed('weather', 0),
        assessed('final', 1, 'It is 38 °C.'),
      ),
      search: [fails('503'), found],
      weather: [fails('the MCP server is gone'), weather],
      compose: [fails('connection lost'), composed],
    },
    expect: { status: 'COMPLETED', rounds: { research: 3 }, attempts: { decide: 6, assess: 4, compose: 2 } },
  },
  'fails if the model is unavailable for all retries': {
    input: { question },
    tasks: { decide: fails('429 Too Many Requests') },
    expect: { status: 'FAILED', reason: '429', attempts: { decide: 4 }, notRan: ['assess', 'compose'] },
  },
});
