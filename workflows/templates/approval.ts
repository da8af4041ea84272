import { defineWorkflow, z } from 'conductor-fleet';
import logMessage from '../../workers/tasks/log-message.ts';
import { defineTemplate } from './registry/define-template.ts';

const workflow = defineWorkflow({
  name: 'ApprovalRequest',
  version: 1,
  description:
    'Small amounts are approved at once. A larger amount waits for a decision by a person and is carried out if it is approved.',
  input: z.object({ what: z.string().min(1), amount: z.number().nonnegative(), limit: z.number().default(100) }),
  output: z.object({ outcome: z.enum(['approved', 'rejected']), comment: z.string().optional() }),
  variables: z.object({ approved: z.boolean(), comment: z.string().optional() }),
  // The limit is one week. It is needed because a HUMAN task has no time limit of its own.
  timeoutSeconds: 604_800,
}).build((wf, { what, amount, limit }) => {
  const asked = wf.jq('must_ask', { inputs: { amount, limit }, query: '.amount > .limit', output: z.boolean() });
  wf.switch('ask_or_not', asked.output.result, {
    true: (ask) => {
      // Waits for POST /api/tasks/{workflowId}/decide/COMPLETED with {"approved": true or false, "comment": "…"}.
      const decided = ask.human('decide', {
        about: { what, amount },
        output: z.object({ approved: z.boolean(), comment: z.string().optional() }),
      });
      ask.set('keep_decision', { approved: decided.output.approved, comment: decided.output.comment });
    },
    false: (small) => small.set('approve_at_once', { approved: true }),
  });
  wf.switch(
    'carry_out_or_not',
    wf.variables.approved,
    {
      true: (yes) => yes.task('carry_out', logMessage, { message: `${what} is approved: ${amount}` }),
      false: (no) =>
        no.terminate('stop', 'COMPLETED', 'rejected', { outcome: 'rejected', comment: wf.variables.comment }),
    },
    // The answer of the person may contain no decision.
    (neither) => neither.terminate('no_decision', 'FAILED', 'The decision has neither "approved": true nor false.'),
  );
  return { outcome: 'approved', comment: wf.variables.comment };
});

export default defineTemplate({
  name: 'approval',
  title: 'A person decides',
  description: 'Asks a person if a rule demands it, waits for the decision, and then continues or stops.',
  whenToUse: 'Payments, deployments, deletions: anything that a person must agree to, within minutes or days.',
  workflow,
});
