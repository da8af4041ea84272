import type { WorkflowTask } from '../../core/conductor/types.ts';
import { type At, type Built, plain } from './at.ts';
import { open } from './calls.ts';
import type { Produced } from './references.ts';
import type { StepOf } from './schema.ts';

/** Steps that hold no others and that the server, or a person, does. */
export function approval({ question, details, onRejected }: StepOf<'approval'>, at: At): Built {
  const { id } = at;
  const ask = plain(id, 'HUMAN', {
    question: at.text('question', question),
    ...at.values('details', details),
    // What a person sees of how to answer.
    answer: { approved: 'true or false', comment: 'why' },
  });
  const produced = open(id, { approved: `${id}.output.approved`, comment: `${id}.output.comment` });
  at.answered({ kind: 'approval' });
  const tasks = onRejected === 'stop' ? [ask, gate(at)] : [ask];
  return { tasks, produced: [produced], last: [produced] };
}

/** Only an approval lets the workflow go on: an answer without a decision must not pass for one. */
function gate(at: At): WorkflowTask {
  const stop = plain(at.beside('rejected'), 'TERMINATE', {
    terminationStatus: 'TERMINATED',
    terminationReason: `Rejected at ${at.id}: \${${at.id}.output.comment}`,
    workflowOutput: { approved: false, comment: `\${${at.id}.output.comment}` },
  });
  return {
    ...plain(at.beside('gate'), 'SWITCH', { approved: `\${${at.id}.output.approved}` }),
    evaluatorType: 'graaljs',
    expression: "String($.approved) === 'true' ? 'approved' : 'rejected'",
    decisionCases: { rejected: [stop] },
  };
}

export function wait({ seconds, until, signal, example }: StepOf<'wait'>, at: At): Built {
  if ([seconds, until, signal].filter((one) => one !== undefined).length !== 1) {
    at.problem('', 'a wait has one of seconds, until ("2026-11-21 09:30 UTC") and signal (true).');
  }
  if (typeof seconds === 'string' && at.only('seconds', seconds) === undefined)
    at.problem('seconds', 'it must be a whole number or one reference.');
  if (signal) {
    at.answered({ kind: 'other', ...(example !== undefined && { example }) });
    const produced = open(at.id);
    return { tasks: [plain(at.id, 'WAIT')], produced: [produced], last: [produced] };
  }
  const time =
    until === undefined
      ? { duration: `${typeof seconds === 'string' ? at.text('seconds', seconds) : seconds} seconds` }
      : { until: at.text('until', until) };
  return { tasks: [plain(at.id, 'WAIT', time)], produced: [nothing(at.id)], last: [] };
}

export function set({ values }: StepOf<'set'>, at: At): Built {
  if (Object.keys(values).length === 0) at.problem('values', 'it sets nothing.');
  return { tasks: [plain(at.id, 'SET_VARIABLE', at.values('values', values))], produced: [nothing(at.id)], last: [] };
}

export function script({ code, input }: StepOf<'script'>, at: At): Built {
  refuse(at, input, ['evaluatorType', 'expression']);
  const { expression, inputs } = at.script('code', code, at.values('input', input));
  return computed(at, 'INLINE', { ...inputs, evaluatorType: 'graaljs', expression });
}

export function jq({ query, input }: StepOf<'jq'>, at: At): Built {
  refuse(at, input, ['queryExpression']);
  if (query.includes('${')) {
    at.problem('query', 'it holds ${…}; give the value a name in input and read it as .name.');
  }
  const inputs = at.values('input', input);
  at.shared.usages.push({ code: query, inputs });
  return computed(at, 'JSON_JQ_TRANSFORM', { ...inputs, queryExpression: query });
}

export function end({ status, reason, output }: StepOf<'end'>, at: At): Built {
  const task = plain(at.id, 'TERMINATE', {
    terminationStatus: status,
    terminationReason: at.text('reason', reason ?? `The workflow ended at ${at.id}.`),
    workflowOutput: at.values('output', output),
  });
  return { tasks: [task], produced: [nothing(at.id)], last: [] };
}

function computed(at: At, type: string, inputParameters: Record<string, unknown>): Built {
  const result = `${at.id}.output.result`;
  const produced: Produced = { id: at.id, fields: { result }, whole: result, rest: result };
  return { tasks: [plain(at.id, type, inputParameters)], produced: [produced], last: [produced] };
}

function refuse(at: At, input: object, names: readonly string[]): void {
  for (const name of names) if (name in input) at.problem(`input.${name}`, 'the server has another use for this name.');
}

/** A step that gives nothing but its state. */
export function nothing(id: string): Produced {
  return { id, fields: {} };
}
