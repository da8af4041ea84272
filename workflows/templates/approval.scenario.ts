import { completes, defineScenarios, fails } from 'conductor-fleet';
import template from './approval.ts';

const carry_out = [fails('no worker'), completes({ loggedAt: '2026-01-01T00:00:00.000Z' })];

export default defineScenarios(template.workflow, {
  'approves a small amount without asking a person': {
    input: { what: 'pens', amount: 100 },
    tasks: { carry_out },
    expect: { status: 'COMPLETED', output: { outcome: 'approved' }, notRan: ['decide'] },
  },
  'carries out an approved request': {
    input: { what: 'desks', amount: 101 },
    tasks: { decide: completes({ approved: true, comment: 'fine' }), carry_out },
    expect: {
      status: 'COMPLETED',
      output: { outcome: 'approved', comment: 'fine' },
      inputs: { decide: { what: 'desks', amount: 101 } },
    },
  },
  'does not carry out a rejected request': {
    input: { what: 'yachts', amount: 101 },
    tasks: { decide: completes({ approved: false, comment: 'no' }) },
    expect: { status: 'COMPLETED', output: { outcome: 'rejected', comment: 'no' }, notRan: ['carry_out'] },
  },
  'fails on an answer without a decision': {
    input: { what: 'desks', amount: 101 },
    tasks: { decide: completes({ comment: 'hm' }) },
    expect: { status: 'FAILED', reason: 'neither', notRan: ['carry_out'] },
  },
});
