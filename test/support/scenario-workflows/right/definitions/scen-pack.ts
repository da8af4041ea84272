import { z } from 'zod';
import { defineWorkflow } from '../../../../../workflows/dsl/define-workflow.ts';
import { externalApi } from '../../../../../workflows/dsl/policies.ts';

export default defineWorkflow({
  name: 'ScenPack',
  version: 1,
  description: 'A sub-workflow that calls a service.',
  input: z.object({ what: z.string() }),
  output: z.object({ kilos: z.number() }),
}).build((wf, { what }) => {
  const weighed = wf.http('weigh', externalApi, {
    method: 'POST',
    uri: 'http://127.0.0.1:9/weigh',
    body: { what },
    response: z.object({ grams: z.number() }),
  });
  const kilos = wf.jq('to_kilos', {
    inputs: { grams: weighed.output.response.body.grams },
    query: '.grams / 1000',
    output: z.number(),
  });
  return { kilos: kilos.output.result };
});
