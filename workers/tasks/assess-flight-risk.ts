import { defineTask, z } from 'conductor-fleet';

/** From the lowest to the highest. */
const levels = ['low', 'moderate', 'high'] as const;
type Level = (typeof levels)[number];

interface Reason {
  level: Level;
  text: string;
}

/** At or below this temperature in °C, water freezes on wings and runways. */
const FREEZING = 0;
/** Hot air is thin: aircraft need longer runways and carry less. From `TOO_HOT` on, most are outside their certified range. */
const HOT = 40;
const TOO_HOT = 48;
/** From `COLD` down, engines and fuel need warming. From `TOO_COLD` down, fuel is near its freezing point. */
const COLD = -25;
const TOO_COLD = -40;

const conditionRules: readonly [RegExp, (temperatureCelsius: number) => Reason | undefined][] = [
  [/thunder|storm|hurricane|typhoon|tornado/, () => ({ level: 'high', text: 'storms on the way' })],
  [/hail|\bice\b|icing|icy|sleet|freezing/, () => ({ level: 'high', text: 'ice' })],
  [/\bash\b/, () => ({ level: 'high', text: 'ash, which stops engines' })],
  [/fog|mist/, (t) => freezingOr(t, 'freezing fog', { level: 'moderate', text: 'low visibility in fog' })],
  [/heavy snow|blizzard/, () => ({ level: 'high', text: 'heavy snow' })],
  [/snow/, () => ({ level: 'moderate', text: 'snow: runways are cleared and wings de-iced' })],
  [/heavy rain/, (t) => freezingOr(t, 'freezing rain', { level: 'moderate', text: 'standing water on the runway' })],
  [/rain|drizzle|shower/, (t) => freezingOr(t, 'freezing rain', undefined)],
  [/sand|dust/, () => ({ level: 'moderate', text: 'low visibility in dust' })],
  [/wind|gale/, () => ({ level: 'moderate', text: 'strong wind' })],
  [/clear|sun|fair|cloud|overcast/, () => undefined],
];

export default defineTask({
  name: 'assess_flight_risk',
  description:
    'Assesses the risk of flights between cities from the weather in each: storms, ice, visibility, heat, cold.',
  input: z.object({
    reports: z.array(z.object({ city: z.string(), temperatureCelsius: z.number(), conditions: z.string() })),
  }),
  output: z.object({
    /** The highest risk of all cities; `unknown` if the list of cities is empty. */
    risk: z.enum([...levels, 'unknown']),
    /** In the order of the reports. */
    cities: z.array(z.object({ city: z.string(), risk: z.enum(levels), reasons: z.array(z.string()) })),
  }),
}).worker(async ({ reports }) => {
  const cities = reports.map(({ city, temperatureCelsius, conditions }) => {
    const reasons = reasonsFor(temperatureCelsius, conditions.toLowerCase());
    return { city, risk: levelOf(reasons), reasons: reasons.map(({ text }) => text) };
  });
  return { risk: cities.length === 0 ? 'unknown' : worst(cities.map(({ risk }) => risk)), cities };
});

function reasonsFor(temperatureCelsius: number, conditions: string): Reason[] {
  return [conditionReason(temperatureCelsius, conditions), temperatureReason(temperatureCelsius)].filter(
    (reason) => reason !== undefined,
  );
}

/** The first matching rule decides, because the rules are in the order of their risk. */
function conditionReason(temperatureCelsius: number, conditions: string): Reason | undefined {
  const rule = conditionRules.find(([pattern]) => pattern.test(conditions));
  // Conditions that no rule knows may be dangerous.
  return rule ? rule[1](temperatureCelsius) : { level: 'moderate', text: `unknown conditions: ${conditions}` };
}

function temperatureReason(celsius: number): Reason | undefined {
  if (celsius >= TOO_HOT) return { level: 'high', text: `${celsius} °C: too hot for most aircraft` };
  if (celsius >= HOT) return { level: 'moderate', text: `${celsius} °C: less lift in hot air` };
  if (celsius <= TOO_COLD) return { level: 'high', text: `${celsius} °C: fuel is near its freezing point` };
  if (celsius <= COLD) return { level: 'moderate', text: `${celsius} °C: engines and fuel need warming` };
  return undefined;
}

function freezingOr(celsius: number, frozen: string, otherwise: Reason | undefined): Reason | undefined {
  return celsius <= FREEZING ? { level: 'high', text: `${frozen} at ${celsius} °C` } : otherwise;
}

/** Two moderate reasons in one city make a high risk. */
function levelOf(reasons: readonly Reason[]): Level {
  if (reasons.length > 1) return 'high';
  return reasons[0]?.level ?? 'low';
}

function worst(found: readonly Level[]): Level {
  return [...levels].reverse().find((level) => found.includes(level)) ?? 'low';
}
