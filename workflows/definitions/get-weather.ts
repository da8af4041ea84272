import { defineWorkflow, z } from 'conductor-fleet';
import fetchWeather from '../../workers/tasks/fetch-weather.ts';

export default defineWorkflow({
  name: 'GetWeather',
  version: 1,
  description: 'Gets the temperature and the conditions in a city from the weather service.',
  input: z.object({ city: z.string().min(1).max(100).default('Dubai') }),
  output: z.object({ city: z.string(), temperatureCelsius: z.number(), conditions: z.string() }),
  timeoutSeconds: 300,
  mcp: { purpose: 'Tells the present temperature and weather in a city.', readOnly: true },
}).build((wf, { city }) => {
  const weather = wf.task('fetch', fetchWeather, { city });
  return {
    city: weather.output.city,
    temperatureCelsius: weather.output.temperatureCelsius,
    conditions: weather.output.conditions,
  };
});
