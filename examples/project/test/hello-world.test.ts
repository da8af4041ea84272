import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lintWorkflow } from 'conductor-fleet/testing';
import helloWorld from '../workflows/definitions/hello-world.ts';

test('lint finds nothing in HelloWorld', () => {
  assert.deepEqual(lintWorkflow(helloWorld.def), []);
});
