import { completes, defineScenarios, exactly, fails, failsForGood } from 'conductor-fleet';
import getWeather from './get-weather.ts';

const dubai = { city: 'Dubai', temperatureCelsius: 38, conditions: 'clear' };
const down = fails('GET http://shop/weather?city=Dubai answered 503');

export default defineScenarios(getWeather, {
  'gets the weather in Dubai if no city is given': {
    input: {},
    tasks: { fetch: completes(dubai) },
    expect: { status: 'COMPLETED', output: exactly(dubai), inputs: { fetch: { city: 'Dubai' } } },
  },
  'gets the weather in another city': {
    input: { city: 'São Tomé' },
    tasks: { fetch: completes({ city: 'São Tomé', temperatureCelsius: 27, conditions: 'light rain' }) },
    expect: { status: 'COMPLETED', output: { temperatureCelsius: 27 }, inputs: { fetch: { city: 'São Tomé' } } },
  },
  'retries during an outage': {
    input: {},
    tasks: { fetch: [down, down, completes(dubai)] },
    expect: { status: 'COMPLETED', output: dubai, attempts: { fetch: 3 } },
  },
  'fails if the service is down for all retries': {
    input: {},
    tasks: { fetch: [down, down, down, down] },
    expect: { status: 'FAILED', reason: 'answered 503', attempts: { fetch: 4 } },
  },
  'fails without a retry for an unknown city': {
    input: { city: 'Nowhere' },
    tasks: { fetch: failsForGood('There is no city called "Nowhere".') },
    expect: { status: 'FAILED', reason: 'There is no city called "Nowhere".', attempts: { fetch: 1 } },
  },
});
