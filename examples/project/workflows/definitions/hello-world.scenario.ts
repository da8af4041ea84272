import { completes, defineScenarios, fails } from 'conductor-fleet';
import helloWorld from './hello-world.ts';

export default defineScenarios(helloWorld, {
  'greets a person': {
    input: { name: 'Ada' },
    tasks: { greet: completes({ greeting: 'Hello, Ada!' }) },
    expect: { status: 'COMPLETED', output: { greeting: 'Hello, Ada!', letters: 11 } },
  },
  'greets the world, also if the first attempt fails': {
    input: {},
    tasks: { greet: [fails('no connection'), completes({ greeting: 'Hello, world!' })] },
    expect: { status: 'COMPLETED', attempts: { greet: 2 }, inputs: { greet: { name: 'world' } } },
  },
});
