import { z } from 'zod';
import { type Endpoint, endpoint, Problem } from '../engine/endpoint.ts';

export interface Weather {
  city: string;
  temperatureCelsius: number;
  conditions: string;
}

const conditions = ['clear', 'partly cloudy', 'overcast', 'light rain', 'thunderstorm', 'fog', 'snow'];

const known = new Map<string, Weather>(
  [
    { city: 'Dubai', temperatureCelsius: 38, conditions: 'clear' },
    { city: 'London', temperatureCelsius: 14, conditions: 'light rain' },
    { city: 'New York', temperatureCelsius: 21, conditions: 'partly cloudy' },
    { city: 'Paris', temperatureCelsius: 18, conditions: 'overcast' },
    { city: 'Singapore', temperatureCelsius: 31, conditions: 'thunderstorm' },
    { city: 'Sydney', temperatureCelsius: 23, conditions: 'clear' },
    { city: 'Tokyo', temperatureCelsius: 19, conditions: 'partly cloudy' },
    { city: 'Reykjavik', temperatureCelsius: 3, conditions: 'snow' },
  ].map((weather) => [weather.city.toLowerCase(), weather]),
);

/** Cities with fixed weather. The weather of any other city is computed from its name. Cities named `Nowhere…` have no weather. */
export const knownCities: readonly string[] = [...known.values()].map(({ city }) => city);

/** Made-up weather, always the same for the same city. @throws Problem 404 for a city named `Nowhere…` */
export function weatherIn(city: string): Weather {
  if (city.startsWith('Nowhere')) throw new Problem(404, 'unknown-city', `There is no city called "${city}".`);
  const written = known.get(city.trim().toLowerCase());
  if (written) return written;
  const seed = [...city.toLowerCase()].reduce((sum, letter) => (sum * 31 + (letter.codePointAt(0) ?? 0)) % 65_521, 7);
  return {
    city,
    temperatureCelsius: (seed % 40) - 5,
    conditions: conditions[seed % conditions.length] ?? 'clear',
  };
}

/** The query of the weather service and of the MCP tool. */
export const weatherQuery = z.object({ city: z.string().trim().min(1).max(100).describe('Name of the city.') });

/** The weather service. */
export function weatherEndpoints(): Endpoint[] {
  return [
    endpoint({
      method: 'GET',
      path: '/weather',
      summary: 'made-up weather: ?city=Dubai; 404 for cities named Nowhere…',
      kind: 'read',
      input: weatherQuery,
      handle: ({ city }) => ({ status: 200, body: weatherIn(city) }),
    }),
  ];
}
