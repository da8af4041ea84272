import { isForWorkers } from '../../core/conductor/task-types.ts';
import type { Execution } from '../../core/conductor/types.ts';
import { fleetCommand } from '../../core/messages/fleet-command.ts';
import { quote, quoteIfUnusual } from '../shared/quote.ts';
import type { FailedCase } from './failed-case.ts';
import type { FailureKind } from './failure-reason.ts';
import { retry, showDefinition, showQueue, showTask, startAgain } from './recovery-calls.ts';
import type { Advice, RootCause } from './root-cause.ts';

type Explanation = Pick<RootCause, 'sentence' | 'advice'>;

/** Says in one sentence what happened, and suggests calls that recover. It never suggests a retry that would fail again. */
export function explainFailure(found: FailedCase): Explanation {
  const { sentence, advice } = EXPLANATIONS[found.failure.kind](found);
  return { sentence: `${sentence.charAt(0).toUpperCase()}${sentence.slice(1)}`, advice };
}

const EXPLANATIONS: Record<FailureKind, (found: FailedCase) => Explanation> = {
  'response-timeout': (found) => ({
    sentence: isServerTask(found)
      ? `${who(found)} did not answer in time.`
      : `A worker took ${who(found)} but did not answer within responseTimeoutSeconds. The worker died, hangs, or needs more time.`,
    advice: [
      retry(
        'Check that the worker runs, or raise responseTimeoutSeconds in the task definition; then retry',
        found.execution,
      ),
    ],
  }),
  'poll-timeout': (found) => ({
    sentence: `No worker took ${who(found)} within pollTimeoutSeconds.`,
    advice: [startWorker(found), retry('Retry when a worker polls', found.execution)],
  }),
  'task-timeout': (found) => ({
    sentence: `${who(found)} took longer than timeoutSeconds of its task definition.`,
    advice: [retry(MORE_TIME, found.execution)],
  }),
  'total-timeout': (found) => ({
    sentence: `All attempts of ${who(found)} together took longer than totalTimeoutSeconds of its task definition.`,
    advice: [retry('Fix what made the attempts fail; then retry', found.execution)],
  }),
  'workflow-timeout': workflowTimeout,
  'script-timeout': (found) => ({
    sentence: `The script of ${who(found)} did not end within the server's limit: it loops endlessly, or the server is overloaded.`,
    advice: [
      retry('If the script is short, the server was busy: retry', found.execution),
      showDefinition('Otherwise fix the script', found.execution),
    ],
  }),
  'handler-timeout': (found) => ({
    sentence: `The worker stopped ${who(found)} because its time limit ran out.`,
    advice: [retry(MORE_TIME, found.execution)],
  }),
  refused: (found) => ({
    sentence: `The service refused the request of ${who(found)} with HTTP ${found.failure.status}.`,
    advice: correctInput(found, 'A retry would send the same request. See what was sent'),
  }),
  denied: (found) => ({
    sentence: `The service refused the request of ${who(found)} with HTTP ${found.failure.status}: ${credentials(found)}`,
    advice: [retry(`${setSecrets(found)}; then retry`, found.execution)],
  }),
  'slow-down': (found) => ({
    sentence: `The service refused the request of ${who(found)} with HTTP 429: it received too many requests.`,
    advice: [retry('Wait until the service accepts requests again; then retry', found.execution)],
  }),
  failing: (found) => ({
    sentence: `The service that ${who(found)} calls failed with HTTP ${found.failure.status}.`,
    advice: [retry('Retry when the service works again', found.execution)],
  }),
  unreachable: (found) => ({
    sentence: `The service that ${who(found)} calls cannot be reached: nothing listens at that address.`,
    advice: [retry('Start the service or correct its address; then retry', found.execution)],
  }),
  'no-answer': (found) => ({
    sentence: `The service that ${who(found)} calls did not answer in time or broke the connection.`,
    advice: [retry('Retry when the service answers again', found.execution)],
  }),
  'nothing-given': nothingGiven,
  script: (found) => ({
    sentence: `The expression of ${who(found)} is wrong, or does not fit the values that it gets.`,
    advice: correctDefinition(found),
  }),
  'no-join': (found) => ({
    sentence:
      'In the workflow definition, a JOIN is missing after a fork. The server therefore fails every execution of this workflow.',
    advice: correctDefinition(found),
  }),
  'no-child': (found) => ({
    sentence: `${who(found)} starts a workflow that is not registered.`,
    advice: [
      { say: 'Register that workflow with create_workflow, or correct its name' },
      retry('Then retry', found.execution),
    ],
  }),
  'no-provider': (found) => ({
    sentence: `The server has no configuration, or no valid key, for the model provider of ${who(found)}.`,
    advice: [
      {
        say: 'Ask the person who runs the server to set the key of that provider, or name a configured provider in the definition',
      },
      retry('Then retry', found.execution),
    ],
  }),
  'input-refused': (found) => ({
    sentence: `The worker rejected the input of ${who(found)}.`,
    advice: correctInput(found, 'See the input of the task'),
  }),
  'too-large': (found) => ({
    sentence: `A value of ${who(found)} is larger than the server allows.`,
    advice: [
      startAgain(
        'Pass a reference to the data instead of the data itself. Start the workflow again with this smaller input',
        found.outermost,
      ),
    ],
  }),
  undone: (found) => ({
    sentence: 'The execution failed before, and compensation undid its work. It therefore cannot continue.',
    advice: [startAgain('Start the workflow again', found.outermost)],
  }),
  'said-so': saidSo,
};

const MORE_TIME = 'Raise the time limit in the task definition, or make the work faster; then retry';

function workflowTimeout(found: FailedCase): Explanation {
  const { task, execution, failure } = found;
  if (failure.cause === 'no-worker') {
    return {
      sentence: `No worker took ${who(found)} before timeoutSeconds of the workflow ran out.`,
      advice: [startWorker(found), retry('Retry when a worker polls', execution)],
    };
  }
  return {
    sentence: task
      ? `The workflow took longer than its timeoutSeconds. At that moment, ${who(found)} was open.`
      : 'timeoutSeconds of the workflow ran out before a task was scheduled: the limit is too short, or the server was busy.',
    advice: [retry('Retry the cancelled tasks. The workflow then has its full timeoutSeconds again', execution)],
  };
}

function saidSo(found: FailedCase): Explanation {
  const { task, execution, failure } = found;
  const isTerminal = task?.status === 'FAILED_WITH_TERMINAL_ERROR';
  return {
    sentence:
      failure.cause === 'unknown'
        ? `${who(found)} failed for a reason that matches no known cause.`
        : `The worker of ${who(found)} reported a failure${isTerminal ? ' that no retry can fix' : ' in every attempt'}.`,
    advice: [
      ...(task ? [showTask('See the input of the task', execution, task.referenceTaskName)] : []),
      retry('Retry when the cause is fixed', execution),
    ],
  };
}

function nothingGiven(found: FailedCase): Explanation {
  const { missing, unpassed, unresolved, outermost } = found;
  if (missing.length > 0) {
    const inputs = missing.map(quoteIfUnusual).join(', ');
    return {
      sentence: `The execution was started without the workflow input ${inputs}, which ${who(found)} needs.`,
      advice: [startAgain(`A retry keeps the old input. Start the workflow again with ${inputs} added`, outermost)],
    };
  }
  if (unpassed) {
    const inputs = unpassed.inputs.map(quoteIfUnusual).join(', ');
    return {
      sentence: `The parent workflow ${quoteIfUnusual(unpassed.by.workflowName)} does not pass on the input ${inputs}, which ${who(found)} needs.`,
      advice: correctDefinition({ ...found, execution: unpassed.by }),
    };
  }
  const [first] = unresolved;
  const from = first ? `: ${quote(`\${${first.path}}`, 200)} found nothing` : '';
  return { sentence: `${who(found)} needs a value but got null${from}.`, advice: correctDefinition(found) };
}

function correctDefinition({ execution, outermost }: FailedCase): Advice[] {
  return [
    showDefinition(
      'A retry would fail in the same way. Correct the definition and register it with create_workflow as a new version',
      execution,
    ),
    startLatestVersion(outermost),
  ];
}

function startLatestVersion(execution: Execution): Advice {
  const { say, call } = startAgain('Then start the new version', execution);
  if (call?.tool !== 'execute_workflow') return { say, ...(call && { call }) };
  const { version: _old, ...args } = call.args;
  return { say, call: { ...call, args } };
}

function correctInput({ execution, outermost, task }: FailedCase, say: string): Advice[] {
  return [
    ...(task ? [showTask(say, execution, task.referenceTaskName)] : []),
    startAgain('A retry keeps the old input. Start the workflow again with a corrected input', outermost),
  ];
}

function startWorker({ task }: FailedCase): Advice {
  const type = task?.taskType ?? '';
  return showQueue(
    `Start a worker for ${quoteIfUnusual(type)} (\`${fleetCommand} work --only ${quoteIfUnusual(type)}\`) and check that it polls`,
    type,
  );
}

function credentials({ secrets }: FailedCase): string {
  return secrets.length > 0
    ? `the secret that the task uses (${secrets.map(quoteIfUnusual).join(', ')}) is missing on the server or wrong.`
    : 'its credentials are missing or wrong.';
}

function setSecrets({ secrets }: FailedCase): string {
  if (secrets.length === 0) return 'Ask the person who runs the service or this workflow to correct the credentials';
  const variables = secrets.map((name) => quoteIfUnusual(`CONDUCTOR_SECRET_${name}`)).join(', ');
  return `Ask the person who runs the server to set ${variables} in its environment`;
}

const isServerTask = ({ task }: FailedCase) => task !== undefined && !isForWorkers(task);

function who({ task }: FailedCase): string {
  return task ? `task ${quoteIfUnusual(task.referenceTaskName)} (${quoteIfUnusual(task.taskType)})` : 'a task';
}
