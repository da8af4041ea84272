import { z } from 'zod';
import { defineTask } from '../../../../../core/contract.ts';
import { defineWorkflow } from '../../../../../workflows/dsl/define-workflow.ts';
import { externalApi } from '../../../../../workflows/dsl/policies.ts';
import scenPack from './scen-pack.ts';

const visit = defineTask({
  name: 'scen_visit',
  description: 'Visits a city.',
  input: z.object({ city: z.string() }),
  output: z.object({ degrees: z.number() }),
  retryCount: 1,
});

const write = defineTask({
  name: 'scen_write',
  description: 'Writes a postcard.',
  input: z.object({ city: z.string() }),
  output: z.object({ words: z.int() }),
  retryCount: 0,
});

export default defineWorkflow({
  name: 'ScenTour',
  version: 1,
  description: 'A task of each type that needs an answer from a scenario.',
  input: z.object({ cities: z.array(z.string()), what: z.string() }),
  output: z.object({ kilos: z.number(), temperatures: z.array(z.object({ degrees: z.number() })), by: z.string() }),
}).build((wf, { cities, what }) => {
  const packed = wf.subWorkflow('pack', scenPack, { what });
  wf.wait('leave', { seconds: 86_400 });
  const visited = wf.forkEach('visit', cities, visit, (city) => ({ city }));
  wf.forEach('postcards', { items: cities }, (each, city) => each.task('write', write, { city }));
  wf.http(
    'souvenir',
    externalApi,
    { method: 'GET', uri: 'http://127.0.0.1:9/', response: z.unknown() },
    { optional: true },
  );
  const signed = wf.human('sign', { about: { what }, output: z.object({ by: z.string() }) });
  wf.wait('home', { signal: z.object({ arrived: z.boolean() }) });
  wf.event('tell', { sink: 'conductor:scen_tour_over', payload: { what } });
  return { kilos: packed.output.kilos, temperatures: visited.output.results, by: signed.output.by };
});
