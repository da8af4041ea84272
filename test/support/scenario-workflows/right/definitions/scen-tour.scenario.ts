import { defineScenarios } from '../../../../../workflows/scenario/define-scenarios.ts';
import { exactly } from '../../../../../workflows/scenario/expected.ts';
import { answers, completes, each, fails, rounds, timesOut } from '../../../../../workflows/scenario/mocks.ts';
import scenTour from './scen-tour.ts';

const weigh = { tasks: { weigh: answers(200, { grams: 7500 }) } };
const after = { sign: completes({ by: 'Ada' }), home: completes({ arrived: true }), souvenir: answers(200, {}) };

export default defineScenarios(scenTour, {
  'visits two cities': {
    input: { cities: ['Dubai', 'Oslo'], what: 'coat' },
    subWorkflows: { pack: weigh },
    tasks: {
      ...after,
      visit: each(completes({ degrees: 38 }), [fails('strike'), completes({ degrees: -2 })]),
      write: rounds(completes({ words: 10 }), completes({ words: 20 })),
    },
    expect: {
      status: 'COMPLETED',
      output: exactly({ kilos: 7.5, temperatures: [{ degrees: 38 }, { degrees: -2 }], by: 'Ada' }),
      attempts: { visit_0: 1, visit_1: 2, write: 2 },
      rounds: { postcards: 2 },
      inputs: { visit_1: { city: 'Oslo' }, write: { city: 'Oslo' }, pack: { what: 'coat' } },
      ran: ['pack', 'leave', 'visit', 'postcards', 'souvenir', 'sign', 'home', 'tell'],
    },
  },
  'visits no city, with one answer for the whole sub-workflow': {
    input: { cities: [], what: 'coat' },
    tasks: { ...after, pack: completes({ kilos: 1 }), visit: each(), souvenir: fails('503') },
    expect: {
      status: 'COMPLETED',
      output: { kilos: 1, temperatures: [], by: 'Ada' },
      rounds: { postcards: 0 },
      attempts: { souvenir: 4 },
      notRan: ['write'],
    },
  },
  'visits one city, with the same answer for every item': {
    input: { cities: ['Dubai'], what: 'hat' },
    subWorkflows: { pack: { tasks: { weigh: [timesOut(), answers(200, { grams: 100 })] } } },
    tasks: { ...after, visit: completes({ degrees: 38 }), write: completes({ words: 1 }) },
    expect: { status: 'COMPLETED', output: { kilos: 0.1, temperatures: [{ degrees: 38 }] }, rounds: { postcards: 1 } },
  },
  'fails with the reason of the sub-workflow': {
    input: { cities: [], what: 'piano' },
    subWorkflows: { pack: { tasks: { weigh: fails('the scales broke') } } },
    expect: { status: 'FAILED', reason: /weigh|the scales broke/, notRan: ['leave'] },
  },
  'fails when a visit has no retries left': {
    input: { cities: ['Dubai'], what: 'hat' },
    tasks: { ...after, pack: completes({ kilos: 1 }), visit: fails('no seat') },
    expect: { status: 'FAILED', reason: 'no seat', attempts: { visit_0: 2 } },
  },
});
