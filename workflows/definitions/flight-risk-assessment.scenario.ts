import { completes, defineScenarios, each, exactly, fails, failsForGood } from 'conductor-fleet';
import flightRiskAssessment from './flight-risk-assessment.ts';

const dubai = { city: 'Dubai', temperatureCelsius: 38, conditions: 'clear' };
const singapore = { city: 'Singapore', temperatureCelsius: 31, conditions: 'thunderstorm' };
const assessed = {
  risk: 'high' as const,
  cities: [
    { city: 'Dubai', risk: 'low' as const, reasons: [] },
    { city: 'Singapore', risk: 'high' as const, reasons: ['storms on the way'] },
  ],
};

export default defineScenarios(flightRiskAssessment, {
  'passes the weather of every city to the assessment, in the order of the cities': {
    input: { cities: ['Dubai', 'Singapore'] },
    tasks: { fetch: each(completes(dubai), completes(singapore)), assess: [fails('no worker'), completes(assessed)] },
    expect: {
      status: 'COMPLETED',
      output: exactly(assessed),
      inputs: { fetch_0: { city: 'Dubai' }, fetch_1: { city: 'Singapore' }, assess: { reports: [dubai, singapore] } },
    },
  },
  'fetches no weather if no city is given': {
    input: { cities: [] },
    tasks: { assess: completes({ risk: 'unknown', cities: [] }) },
    expect: {
      status: 'COMPLETED',
      output: { risk: 'unknown' },
      notRan: ['fetch_0'],
      inputs: { assess: { reports: [] } },
    },
  },
  'retries only the city whose weather had no answer': {
    input: { cities: ['Dubai', 'Singapore'] },
    tasks: {
      fetch: each(completes(dubai), [fails('answered 503'), completes(singapore)]),
      assess: completes(assessed),
    },
    expect: { status: 'COMPLETED', attempts: { fetch_0: 1, fetch_1: 2 } },
  },
  'fails without an assessment if the weather of one city is missing': {
    input: { cities: ['Dubai', 'Nowhere'] },
    tasks: { fetch: each(completes(dubai), failsForGood('There is no city called "Nowhere".')) },
    expect: { status: 'FAILED', reason: 'There is no city called "Nowhere".', notRan: ['assess'] },
  },
  'fails if the assessment fails': {
    input: { cities: ['Dubai'] },
    tasks: { fetch: completes(dubai), assess: failsForGood('broken rules') },
    expect: { status: 'FAILED', reason: 'broken rules' },
  },
});
