import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { WorkflowTask } from '../../core/conductor/types.ts';
import { defineTask } from '../../core/contract.ts';
import { defineSaga, type Saga } from '../../workflows/dsl/define-saga.ts';
import { externalApi } from '../../workflows/dsl/policies.ts';
import { walk } from '../../workflows/model/walk.ts';

const book = defineTask({
  name: 'book',
  description: '',
  input: z.object({ what: z.string() }),
  output: z.object({ bookingId: z.string() }),
});
const cancel = defineTask({
  name: 'cancel',
  description: '',
  input: z.object({ bookingId: z.string() }),
  output: z.object({}),
});
const impatient = defineTask({
  name: 'impatient',
  description: '',
  input: z.object({}),
  output: z.object({}),
  timeoutSeconds: 5,
  timeoutPolicy: 'TIME_OUT_WF',
});
const input = z.object({ what: z.string(), sure: z.boolean().default(true) });
const spec = { name: 'Trip', version: 4, description: '', input, output: z.object({}) };

function tripOf(build: (saga: Saga, what: string) => unknown, inputSchema: z.ZodObject = input) {
  const workflow = defineSaga({ ...spec, input: inputSchema as typeof input }).build((saga, { what }) => {
    build(saga, `${what}`);
    return {};
  });
  const [compensation] = workflow.companions ?? [];
  if (!compensation) throw new Error('the saga has no compensation');
  return { workflow, compensation };
}

const booked = (saga: Saga, ref: string, what: string) =>
  saga.step(
    ref,
    book,
    { what },
    {
      undo: (undo, done) => undo.task(`cancel_${ref}`, cancel, { bookingId: done.bookingId }),
    },
  );
const taskIn = (tasks: readonly WorkflowTask[], ref: string) =>
  [...walk(tasks)].find(({ task }) => task.taskReferenceName === ref)?.task;

describe('a saga', () => {
  const { workflow, compensation } = tripOf((saga, what) => {
    booked(saga, 'flight', what);
    saga.switch('is_sure', saga.jq('sure', { inputs: {}, query: 'true', output: z.boolean() }).output.result, {
      true: (yes) =>
        saga.undo(
          yes.task('hotel', book, { what }),
          (undo, done) => undo.task('cancel_hotel', cancel, { bookingId: done.bookingId }),
          { whenInDoubt: 'report' },
        ),
      false: () => {},
    });
    saga.task('pay', book, { what });
  });

  test('a saga names its compensation with the version, and registers it', () => {
    expect(workflow.def).toMatchObject({ failureWorkflow: 'TripCompensation', failureWorkflowVersion: 4 });
    expect(compensation).toMatchObject({ kind: 'workflow', name: 'TripCompensation', version: 4 });
    expect(compensation.tasks.map(({ name }) => name)).toEqual(['cancel']);
    expect(Object.isFrozen(compensation.def.tasks)).toBe(true);
  });

  test("a saga passes the id of its compensation to each worker's task", () => {
    for (const ref of ['flight', 'hotel', 'pay']) {
      expect(taskIn(workflow.def.tasks, ref)?.inputParameters, ref).toEqual({
        what: '${workflow.input.what}',
        _undoneBy: "${workflow.output['conductor.failure_workflow']}",
      });
    }
    expect(taskIn(workflow.def.tasks, 'sure')?.inputParameters).not.toHaveProperty('_undoneBy');
  });

  test('the compensation undoes the steps that succeeded, from the last to the first', () => {
    expect(compensation.def.tasks.map(({ taskReferenceName }) => taskReferenceName)).toEqual([
      'what_succeeded',
      'undo_hotel',
      'undo_flight',
      'what_was_undone',
      'all_undone',
    ]);
    expect(taskIn(compensation.def.tasks, 'undo_flight')).toMatchObject({
      inputParameters: { on: '${what_succeeded.output.result.flight.undo}' },
      decisionCases: { true: [{ taskReferenceName: 'cancel_flight' }], false: [] },
    });
  });

  test('an undo is an optional task, and its idempotency key is the same in all runs', () => {
    expect(taskIn(compensation.def.tasks, 'cancel_flight')).toEqual({
      name: 'cancel',
      taskReferenceName: 'cancel_flight',
      type: 'SIMPLE',
      optional: true,
      inputParameters: {
        bookingId: '${what_succeeded.output.result.flight.output.bookingId}',
        _idempotencyScope: '${workflow.input.workflowId}:undo',
      },
    });
  });

  test('the compensation fails if a step was not undone, and otherwise lists the undone steps', () => {
    const output = {
      failedWorkflowId: '${workflow.input.workflowId}',
      undone: '${what_was_undone.output.result.undone}',
    };
    expect(compensation.def.outputParameters).toEqual(output);
    expect(taskIn(compensation.def.tasks, 'not_all_undone')?.inputParameters).toEqual({
      terminationStatus: 'FAILED',
      terminationReason: '${what_was_undone.output.result.left}',
      workflowOutput: output,
    });
  });

  test('the compensation has the inputs of the saga and their defaults', () => {
    expect(compensation.def.inputTemplate).toEqual({ sure: true });
    expect(compensation.def.inputParameters).toEqual(
      expect.arrayContaining(['workflowId', 'failedWorkflow', 'what', 'sure']),
    );
  });
});

describe('requests of a compensation', () => {
  const request = { method: 'POST', uri: 'http://h', response: z.unknown() } as const;
  const headersOf = (headers?: Record<string, string>) => {
    const { compensation } = tripOf((saga, what) => {
      const step = saga.task('flight', book, { what });
      saga.undo(step, (undo) => undo.http('cancel_it', externalApi, headers ? { ...request, headers } : request));
    });
    const sent = taskIn(compensation.def.tasks, 'cancel_it')?.inputParameters?.http_request;
    return (sent as { headers: Record<string, string> }).headers;
  };

  test('a request of a compensation has an idempotency key that is the same in all runs', () => {
    expect(headersOf({ 'X-Who': 'me' })).toEqual({
      'X-Who': 'me',
      'Idempotency-Key': '${workflow.input.workflowId}:undo:cancel_it',
    });
    expect(headersOf()).toHaveProperty('Idempotency-Key');
  });

  test('a request of a compensation keeps the idempotency key that its author set', () => {
    expect(headersOf({ 'idempotency-key': 'mine' })).toEqual({ 'idempotency-key': 'mine' });
  });
});

test('`afterwards` can ask which steps were undone, and its result is the output of the compensation', () => {
  const { compensation } = tripOf((saga, what) => {
    const flight = booked(saga, 'flight', what);
    saga.afterwards(
      {
        input: z.object({ to: z.string().default('me') }),
        output: z.object({ told: z.string(), undone: z.boolean() }),
      },
      (after, { to, workflowId }, undone) => {
        after.task('tell', book, { what: `${workflowId} to ${to}` });
        return { told: to, undone: undone(flight) };
      },
    );
  });
  expect(compensation.def.outputParameters).toEqual({
    told: '${workflow.input.to}',
    undone: '${what_was_undone.output.result.by.flight}',
  });
  expect(compensation.def.inputTemplate).toMatchObject({ to: 'me' });
  const tell = taskIn(compensation.def.tasks, 'tell');
  expect(tell?.inputParameters).toHaveProperty('_idempotencyScope');
  expect(tell).not.toHaveProperty('optional');
});

describe('mistakes in sagas', () => {
  const nothing = z.object({});
  const undoing = (undo: Parameters<Saga['undo']>[1]) => (saga: Saga, what: string) =>
    saga.undo(saga.task('flight', book, { what }), undo);
  const afterwards = (fields: z.ZodRawShape) => (saga: Saga, what: string) => {
    booked(saga, 'flight', what);
    saga.afterwards({ input: z.object(fields), output: nothing }, () => ({}));
  };

  test.each<[string, (saga: Saga, what: string) => unknown, string]>([
    ['a saga without an undo', (saga, what) => saga.task('flight', book, { what }), 'no step has an undo'],
    ['two undos of one step', (saga, what) => saga.undo(booked(saga, 'a', what), () => {}), '"a" has two undos'],
    [
      'an undo for a step of another workflow',
      (saga, what) => saga.undo({ ...booked(saga, 'a', what), ref: 'b' }, (undo) => undo.wait('w', { seconds: 1 })),
      '"b" has an undo but is not a task of this saga',
    ],
    [
      'a step in a loop',
      (saga, what) =>
        saga.repeat('rounds', { rounds: 2, until: 'false', inputs: {} }, (round) =>
          saga.undo(round.task('flight', book, { what }), (undo) => undo.wait('w', { seconds: 1 })),
        ),
      '"flight" is in a loop',
    ],
    [
      'an undo for a whole loop',
      (saga, what) =>
        saga.undo(
          saga.repeat('rounds', { rounds: 2, until: 'false', inputs: {} }, (round) => round.task('a', book, { what })),
          (undo) => undo.wait('w', { seconds: 1 }),
        ),
      '"rounds" is a DO_WHILE',
    ],
    ['an undo without a task', undoing(() => {}), 'the undo of "flight" adds no task'],
    [
      'an undo with branches',
      undoing((undo) => undo.fork('f', { a: (branch) => branch.wait('w', { seconds: 1 }) })),
      'the undo of "flight" contains a FORK_JOIN',
    ],
    [
      'an undo that ends the compensation',
      undoing((undo) => undo.terminate('t', 'COMPLETED', '')),
      'contains a TERMINATE',
    ],
    [
      'an undo whose time limit ends the compensation',
      undoing((undo) => undo.task('t', impatient, {})),
      '"impatient" would end the whole compensation',
    ],
    [
      'an undo that refers to another step',
      (saga, what) => {
        const flight = saga.task('flight', book, { what });
        saga.undo(saga.task('hotel', book, { what }), (undo) =>
          undo.task('cancel_hotel', cancel, { bookingId: flight.output.bookingId }),
        );
      },
      'an undo refers to flight.output.bookingId',
    ],
    [
      "an undo that refers to the saga's variables",
      undoing((undo) => undo.task('t', cancel, { bookingId: '${workflow.variables.id}' })),
      'refers to workflow.variables.id',
    ],
    [
      'an undo that refers to its own execution',
      undoing((undo) => undo.task('t', cancel, { bookingId: undo.workflowId })),
      'its own workflowId',
    ],
    [
      'a task reference that the compensation already uses',
      undoing((undo) => undo.wait('all_undone', { seconds: 1 })),
      'two tasks have the reference "all_undone"',
    ],
    [
      '`afterwards` twice',
      (saga, what) => {
        afterwards({})(saga, what);
        saga.afterwards({ input: nothing, output: nothing }, () => ({}));
      },
      '`afterwards` is called twice',
    ],
    [
      'an input of `afterwards` without a default',
      afterwards({ to: z.string() }),
      '"to" of `afterwards` needs a default',
    ],
    [
      'an input of `afterwards` that the saga also has',
      afterwards({ what: z.string().default('') }),
      'already has an input "what"',
    ],
    [
      'a question whether a step without an undo was undone',
      (saga, what) => {
        const flight = booked(saga, 'flight', what);
        const output = z.object({ flights: z.boolean() });
        saga.afterwards({ input: nothing, output }, (_, __, undone) => ({
          flights: undone({ ref: `${flight.ref}s` }),
        }));
      },
      '"flights" has no undo',
    ],
  ])('defineSaga refuses %s', (_, build, message) => {
    const mistake = { code: 'config', message: expect.stringContaining(message) };
    expect(() => tripOf(build)).toThrow(expect.objectContaining(mistake));
  });

  test('defineSaga refuses an input whose name the server uses for the compensation', () => {
    const build = (saga: Saga, what: string) => booked(saga, 'flight', what);
    expect(() => tripOf(build, input.extend({ reason: z.string() }))).toThrow(
      'passes its own "reason" to the compensation',
    );
  });
});
