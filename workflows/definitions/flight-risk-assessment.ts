import { defineWorkflow, z } from 'conductor-fleet';
import assessFlightRisk from '../../workers/tasks/assess-flight-risk.ts';
import fetchWeather from '../../workers/tasks/fetch-weather.ts';

export default defineWorkflow({
  name: 'FlightRiskAssessment',
  version: 1,
  description:
    'Assesses the risk of flights between any number of cities from the weather in each. All cities are asked at the same time. If the weather of one city is missing, the assessment fails. Without a city the risk is unknown.',
  input: z.object({ cities: z.array(z.string().min(1).max(100)) }),
  output: assessFlightRisk.output,
  timeoutSeconds: 600,
  mcp: {
    purpose: 'Assesses how risky flights between cities are, from the weather in each of them.',
    readOnly: true,
    waitSeconds: 30,
  },
}).build((wf, { cities }) => {
  const weather = wf.forkEach('fetch', cities, fetchWeather, (city) => ({ city }));
  const assessed = wf.task('assess', assessFlightRisk, { reports: weather.output.results });
  return { risk: assessed.output.risk, cities: assessed.output.cities };
});
