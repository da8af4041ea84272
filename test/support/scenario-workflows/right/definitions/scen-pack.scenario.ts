import { defineScenarios } from '../../../../../workflows/scenario/define-scenarios.ts';
import { answers, fails } from '../../../../../workflows/scenario/mocks.ts';
import scenPack from './scen-pack.ts';

export default defineScenarios(scenPack, {
  'completes after a second attempt to weigh': {
    input: { what: 'coat' },
    tasks: { weigh: [fails('503'), answers(201, { grams: 500 })] },
    expect: { status: 'COMPLETED', output: { kilos: 0.5 } },
  },
});
