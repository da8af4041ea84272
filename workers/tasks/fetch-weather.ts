import { defineTask, z } from 'conductor-fleet';
import { callShop } from '../shared/call-shop.ts';

const weather = z.object({ city: z.string(), temperatureCelsius: z.number(), conditions: z.string() });

export default defineTask({
  name: 'fetch_weather',
  description:
    'Gets the weather in one city. A city that the service does not know fails without a retry; an outage is retried.',
  input: z.object({ city: z.string().trim().min(1).max(100) }),
  output: weather,
  timeoutSeconds: 30,
  responseTimeoutSeconds: 30,
}).worker(({ city }, context) =>
  callShop(context, { method: 'GET', path: `/weather?${new URLSearchParams({ city })}`, answer: weather }),
);
