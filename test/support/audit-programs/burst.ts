/**
 * Records calls one after the other until it is killed. Its first argument is the folder of the log. It writes the number of the last call
 * that has ended into the file of its second argument.
 */
import { openSync, writeSync } from 'node:fs';
import { auditIn, begin } from '../audit-scene.ts';

const [, , folder = '', counter = ''] = process.argv;
const audit = auditIn(folder, Date.now);
const counted = openSync(counter, 'w');
for (let call = 1; ; call++) {
  const args = { workflowName: 'orders', input: { call, text: 'x'.repeat(call % 500) } };
  const entry = begin(audit, { id: String(call), args, isChanging: call % 2 === 0 });
  entry.ended({ result: {} });
  writeSync(counted, String(call), 0);
}
