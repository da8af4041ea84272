import { isForWorkers } from '../../core/conductor/task-types.ts';
import type { Execution, Task } from '../../core/conductor/types.ts';
import { quote, word } from '../shared/quote.ts';
import type { FailureClass, FailureKind } from './failure-reason.ts';
import { retry, runAgain, showDefinition, showQueue, showTask } from './recovery-calls.ts';
import type { Advice, RootCause } from './root-cause.ts';
import type { UnresolvedReference } from './unresolved-references.ts';

/** A failed execution with all that is known of its cause. */
export interface FailedCase {
  /** The one whose own task failed. */
  readonly execution: Execution;
  /** The outermost one, which is what would be run anew. */
  readonly asked: Execution;
  readonly task?: Task;
  readonly failure: FailureClass;
  readonly reason: string;
  readonly unresolved: readonly UnresolvedReference[];
  /** Inputs of the workflow that were not given. */
  readonly missing: readonly string[];
  /** Inputs that a parent does not hand to its sub-workflow. */
  readonly unpassed?: { readonly by: Execution; readonly inputs: readonly string[] };
  /** Names of the secrets that the task is given. */
  readonly secrets: readonly string[];
}

type Explanation = Pick<RootCause, 'sentence' | 'advice'>;

/** The sentence for a cause, and the way out that fits it: never the retry of what fails again. */
export function explainFailure(found: FailedCase): Explanation {
  const { sentence, advice } = EXPLANATIONS[found.failure.kind](found);
  return { sentence: `${sentence.charAt(0).toUpperCase()}${sentence.slice(1)}`, advice };
}

const EXPLANATIONS: Record<FailureKind, (found: FailedCase) => Explanation> = {
  'response-timeout': (found) => ({
    sentence: isOfTheServer(found)
      ? `${who(found)} did not answer in time.`
      : `A worker took ${who(found)} and did not answer within responseTimeoutSeconds: it died, hangs, or the limit is too short.`,
    advice: [retry('See that the worker lives (or allow it more time in the task definition), then', found.execution)],
  }),
  'poll-timeout': (found) => ({
    sentence: `No worker took ${who(found)} within pollTimeoutSeconds.`,
    advice: [startWorker(found), retry('When workers poll, go on', found.execution)],
  }),
  'task-timeout': (found) => ({
    sentence: `${who(found)} took longer than timeoutSeconds of its task definition.`,
    advice: [retry('Allow it more time in the task definition, or make it faster; then', found.execution)],
  }),
  'total-timeout': (found) => ({
    sentence: `All attempts of ${who(found)} together took longer than totalTimeoutSeconds of its task definition.`,
    advice: [retry('Mend what made the attempts fail; then', found.execution)],
  }),
  'workflow-timeout': (found) => {
    const isUnserved = found.failure.cause === 'no-worker';
    return {
      sentence: stoodAt(found, isUnserved),
      advice: [
        ...(isUnserved ? [startWorker(found)] : []),
        retry(
          isUnserved ? 'When workers poll, go on' : 'Go on with what was cancelled; its time starts anew',
          found.execution,
        ),
      ],
    };
  },
  'script-timeout': (found) => ({
    sentence: `The script of ${who(found)} did not end within the server's limit: an endless loop, or a server under heavy load.`,
    advice: [
      retry('If the script is short, the server was busy', found.execution),
      showDefinition('Else mend the script', found.execution),
    ],
  }),
  'handler-timeout': (found) => ({
    sentence: `The worker gave ${who(found)} up because it ran out of time.`,
    advice: [retry('Allow it more time in the task definition, or make it faster; then', found.execution)],
  }),
  refused: (found) => ({
    sentence: `${who(found)} was refused with HTTP ${found.failure.status}: the service does not take this request.`,
    advice: correctInput(found, 'A retry sends the same request; see what was sent'),
  }),
  denied: (found) => ({
    sentence: `${who(found)} was refused with HTTP ${found.failure.status}: ${credentials(found)}`,
    advice: [retry(`${setSecrets(found)}, then`, found.execution)],
  }),
  'slow-down': (found) => ({
    sentence: `${who(found)} was refused with HTTP 429: the service wants fewer requests.`,
    advice: [retry('Wait until the service takes requests again, then', found.execution)],
  }),
  failing: (found) => ({
    sentence: `The service that ${who(found)} calls failed with HTTP ${found.failure.status}.`,
    advice: [retry('When the service works again', found.execution)],
  }),
  unreachable: (found) => ({
    sentence: `The service that ${who(found)} calls cannot be reached: nobody listens at that address.`,
    advice: [retry('Start the service or mend its address; then', found.execution)],
  }),
  'no-answer': (found) => ({
    sentence: `The service that ${who(found)} calls did not answer in time or broke the connection.`,
    advice: [retry('When the service answers again', found.execution)],
  }),
  'nothing-given': nothingGiven,
  script: (found) => ({
    sentence: `The expression of ${who(found)} is wrong or does not fit the values it gets.`,
    advice: correctDefinition(found),
  }),
  'no-join': (found) => ({
    sentence: 'A fork of its definition is not followed by a JOIN, so the server fails every execution of it.',
    advice: correctDefinition(found),
  }),
  'no-child': (found) => ({
    sentence: `${who(found)} starts a workflow that is not registered.`,
    advice: [{ say: 'Register that workflow by create_workflow, or mend the name' }, retry('Then', found.execution)],
  }),
  'no-provider': (found) => ({
    sentence: `The server has no configuration, or no valid key, for the model provider of ${who(found)}.`,
    advice: [
      {
        say: 'The person who runs the server sets the key of that provider, or name a provider in the definition that it has',
      },
      retry('Then', found.execution),
    ],
  }),
  'input-refused': (found) => ({
    sentence: `${who(found)} was given an input that its worker does not take.`,
    advice: correctInput(found, 'See what it was given'),
  }),
  'too-large': (found) => ({
    sentence: `A value of ${who(found)} is larger than the server keeps.`,
    advice: [runAgain('Pass a reference to the data instead of the data; run it with a smaller input', found.asked)],
  }),
  undone: (found) => ({
    sentence: 'It failed before and its work was undone, so it cannot go on.',
    advice: [runAgain('Run it anew', found.asked)],
  }),
  'said-so': (found) => ({
    sentence:
      found.failure.cause === 'unknown'
        ? `${who(found)} failed for a reason that fits no known cause.`
        : `The worker of ${who(found)} reported a failure${found.task?.status === 'FAILED_WITH_TERMINAL_ERROR' ? ' that no retry mends' : ` in every attempt`}.`,
    advice: [
      showTask('See what it was given', found.execution, found.task?.referenceTaskName ?? ''),
      retry('When the cause is mended', found.execution),
    ].slice(found.task ? 0 : 1),
  }),
};

function nothingGiven(found: FailedCase): Explanation {
  const { missing, unpassed, unresolved, asked } = found;
  if (missing.length > 0) {
    const inputs = missing.map(word).join(', ');
    return {
      sentence: `${who(found)} needs the input ${inputs} of the workflow, which was not given.`,
      advice: [runAgain(`A retry keeps the input; run it anew with ${inputs} added`, asked)],
    };
  }
  if (unpassed) {
    const inputs = unpassed.inputs.map(word).join(', ');
    return {
      sentence: `${who(found)} needs the input ${inputs} of its workflow, which the parent ${word(unpassed.by.workflowName)} does not pass on.`,
      advice: correctDefinition({ ...found, execution: unpassed.by }),
    };
  }
  const [first] = unresolved;
  const from = first ? `: ${quote(`\${${first.path}}`, 200)} found nothing` : '';
  return {
    sentence: `${who(found)} was given nothing where it needs a value${from}.`,
    advice: correctDefinition(found),
  };
}

function correctDefinition({ execution, asked }: FailedCase): Advice[] {
  return [
    showDefinition(
      'A retry fails the same way; mend the definition and register it by create_workflow as a new version',
      execution,
    ),
    runLatestVersion(asked),
  ];
}

function runLatestVersion(execution: Execution): Advice {
  const { say, call } = runAgain('Then run the new version', execution);
  if (call?.tool !== 'execute_workflow') return { say, ...(call && { call }) };
  const { version: _old, ...args } = call.args;
  return { say, call: { ...call, args } };
}

function correctInput(found: FailedCase, say: string): Advice[] {
  const { execution, asked, task } = found;
  return [
    ...(task ? [showTask(say, execution, task.referenceTaskName)] : []),
    runAgain('A retry keeps the input; run it anew with the input corrected', asked),
  ];
}

function startWorker({ task }: FailedCase): Advice {
  const type = task?.taskType ?? '';
  return showQueue(
    `Start a worker for ${word(type)} (\`fleet work --only ${word(type)}\`) and see that it polls`,
    type,
  );
}

function credentials({ secrets }: FailedCase): string {
  return secrets.length > 0
    ? `the secret it uses (${secrets.map(word).join(', ')}) is not set on the server, or wrong.`
    : 'its credentials are missing or wrong.';
}

function setSecrets({ secrets }: FailedCase): string {
  if (secrets.length === 0) return 'The person who runs the service or this workflow corrects the credentials';
  return `The person who runs the server sets ${secrets.map((name) => word(`CONDUCTOR_SECRET_${name}`)).join(', ')} in its environment`;
}

const isOfTheServer = ({ task }: FailedCase) => task !== undefined && !isForWorkers(task);

/** Where a workflow stood when its own time ran out. */
function stoodAt(found: FailedCase, isUnserved: boolean): string {
  if (isUnserved) return `No worker took ${who(found)} before timeoutSeconds of the workflow ended it.`;
  if (found.task) return `The workflow took longer than its timeoutSeconds; it stood at ${who(found)}.`;
  return 'timeoutSeconds of the workflow ran out before a task was scheduled: the limit is too short, or the server was busy.';
}

function who({ task }: FailedCase): string {
  return task ? `task ${word(task.referenceTaskName)} (${word(task.taskType)})` : 'a task';
}
