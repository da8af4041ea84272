import type { WorkflowTask } from '../../core/conductor/types.ts';
import * as plain from '../dsl/system/plain-tasks.ts';
import { type BuiltStep, open, type StepContext, silent, single } from './step-context.ts';
import type { StepOf } from './step-forms.ts';

/** Compiles the steps without inner steps that the server or a person executes. */

export function approval({ question, details, onRejected }: StepOf<'approval'>, at: StepContext): BuiltStep {
  const { id } = at;
  const ask = plain.task(id, 'HUMAN', {
    question: at.text('question', question),
    ...at.values('details', details),
    // The person sees this example of an answer.
    answer: { approved: 'true or false', comment: 'why' },
  });
  const produced = open(id, { approved: `${id}.output.approved`, comment: `${id}.output.comment` });
  at.answered('approval');
  const built = single(ask, produced);
  return onRejected === 'stop' ? { ...built, tasks: [ask, gate(at)] } : built;
}

/** A task that ends the workflow unless the person approves. An answer without a decision counts as a rejection. */
function gate(at: StepContext): WorkflowTask {
  const comment = `\${${at.id}.output.comment}`;
  const output = { approved: false, comment };
  const stop = plain.terminate(at.beside('rejected'), 'TERMINATED', `Rejected at ${at.id}: ${comment}`, output);
  const choice = {
    evaluatorType: 'graaljs',
    expression: "String($.approved) === 'true' ? 'approved' : 'rejected'",
    inputs: { approved: `\${${at.id}.output.approved}` },
  } as const;
  return plain.switchOn(at.beside('gate'), choice, { rejected: [stop] });
}

export function wait({ seconds, until, signal, example }: StepOf<'wait'>, at: StepContext): BuiltStep {
  if ([seconds, until, signal].filter((one) => one !== undefined).length !== 1) {
    at.problem('', 'a wait needs exactly one of seconds, until ("2026-11-21 09:30 UTC") and signal (true).');
  }
  if (typeof seconds === 'string' && at.only('seconds', seconds) === undefined)
    at.problem('seconds', 'it must be a whole number or a single reference.');
  if (signal) {
    at.answered('other', example);
    return single(plain.wait(at.id, {}), open(at.id));
  }
  const time =
    until === undefined
      ? { seconds: typeof seconds === 'string' ? at.text('seconds', seconds) : (seconds ?? 0) }
      : { until: at.text('until', until) };
  return silent(plain.wait(at.id, time));
}

export function set({ values }: StepOf<'set'>, at: StepContext): BuiltStep {
  if (Object.keys(values).length === 0) at.problem('values', 'it sets no variable. Add one.');
  return silent(plain.task(at.id, 'SET_VARIABLE', at.values('values', values)));
}

export function script({ code, input }: StepOf<'script'>, at: StepContext): BuiltStep {
  refuse(at, input, plain.INLINE_NAMES);
  const { expression, inputs } = at.script('code', code, at.values('input', input));
  return computed(at, plain.inline(at.id, inputs, expression));
}

export function jq({ query, input }: StepOf<'jq'>, at: StepContext): BuiltStep {
  refuse(at, input, plain.JQ_NAMES);
  if (query.includes('${')) {
    at.problem('query', 'it contains ${…}. Give the value a name in input and read it as .name.');
  }
  const inputs = at.values('input', input);
  at.shared.usages.push({ code: query, inputs });
  return computed(at, plain.jq(at.id, inputs, query));
}

export function end({ status, reason, output }: StepOf<'end'>, at: StepContext): BuiltStep {
  const because = at.text('reason', reason ?? `The workflow ended at ${at.id}.`);
  return silent(plain.terminate(at.id, status, because, at.values('output', output)));
}

function computed(at: StepContext, task: WorkflowTask): BuiltStep {
  const result = `${at.id}.output.result`;
  return single(task, { id: at.id, fields: { result }, whole: result, rest: result });
}

function refuse(at: StepContext, input: object, names: readonly string[]): void {
  for (const name of names)
    if (name in input) at.problem(`input.${name}`, 'the task uses this name itself. Rename the input.');
}
