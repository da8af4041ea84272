import { describe, expect, test } from 'vitest';
import { workflowsNamedIn } from '../../mcp/guard/named-workflows.ts';

describe('S3: the workflows that a definition can start', () => {
  const task = (type: string, rest: object = {}) => ({ name: 't', taskReferenceName: 't', type, ...rest });
  const namesIn = (...tasks: object[]) =>
    workflowsNamedIn({ name: 'shop_a', version: 1, schemaVersion: 2, tasks }).starts.map(({ workflow }) => workflow);
  const unknownIn = (...tasks: object[]) =>
    workflowsNamedIn({ name: 'shop_a', version: 1, schemaVersion: 2, tasks }).unknown.length;
  const sub = (name: string) => task('SUB_WORKFLOW', { subWorkflowParam: { name } });

  test.each([
    ['at the top', sub('other')],
    ['in a case', task('SWITCH', { decisionCases: { a: [sub('other')] } })],
    ['in the default case', task('SWITCH', { defaultCase: [sub('other')] })],
    ['in a branch', task('FORK_JOIN', { forkTasks: [[task('NOOP')], [sub('other')]] })],
    ['in a loop', task('DO_WHILE', { loopOver: [sub('other')] })],
    [
      'in an inline definition',
      task('SUB_WORKFLOW', { subWorkflowParam: { name: 'other', workflowDefinition: { name: 'other', tasks: [] } } }),
    ],
    [
      'two inline definitions deep',
      task('SUB_WORKFLOW', { subWorkflowParam: { workflowDefinition: { name: 'shop_b', tasks: [sub('other')] } } }),
    ],
    ['as a started workflow', task('START_WORKFLOW', { inputParameters: { startWorkflow: { name: 'other' } } })],
    ['in a dynamic fork', task('FORK_JOIN_DYNAMIC', { inputParameters: { forkTaskWorkflow: 'other' } })],
    [
      'as a failure workflow of an inline definition',
      task('SUB_WORKFLOW', {
        subWorkflowParam: { workflowDefinition: { name: 'shop_b', failureWorkflow: 'other', tasks: [] } },
      }),
    ],
    [
      'under the old name of a task type',
      { ...task(''), type: undefined, workflowTaskType: 'SUB_WORKFLOW', subWorkflowParam: { name: 'other' } },
    ],
  ])('a name is found %s', (_, one) => {
    expect(namesIn(one)).toContain('other');
  });

  test('a failure workflow is found', () => {
    const { starts } = workflowsNamedIn({
      name: 'a',
      version: 1,
      schemaVersion: 2,
      tasks: [],
      failureWorkflow: 'other',
    });
    expect(starts).toEqual([{ workflow: 'other' }]);
  });

  test.each([
    ['an expression', sub('${workflow.input.name}')],
    ['a missing name', task('SUB_WORKFLOW')],
    [
      'a definition from an expression',
      task('SUB_WORKFLOW', { subWorkflowParam: { name: 'shop_b', workflowDefinition: '${a.output.def}' } }),
    ],
    [
      'a request from an expression',
      task('START_WORKFLOW', { inputParameters: { startWorkflow: '${workflow.input.r}' } }),
    ],
    ['a dynamic task', task('DYNAMIC', { dynamicTaskNameParam: 'taskToExecute' })],
    [
      'a dynamic fork over tasks from data',
      task('FORK_JOIN_DYNAMIC', { dynamicForkTasksParam: 'ts', inputParameters: { ts: '${a.output.ts}' } }),
    ],
    ['an agent', task('AGENT')],
  ])('a definition whose starts are unknown says so: %s', (_, one) => {
    expect(unknownIn(one)).toBeGreaterThan(0);
  });

  test('ordinary tasks, and a dynamic fork of one task type, start nothing', () => {
    const fork = task('FORK_JOIN_DYNAMIC', {
      inputParameters: { forkTaskName: 'charge_card', forkTaskInputs: '${a.output}' },
    });
    const { starts, unknown } = workflowsNamedIn({
      name: 'a',
      version: 1,
      schemaVersion: 2,
      tasks: [task('SIMPLE'), task('HTTP'), fork],
    });
    expect([...starts, ...unknown]).toEqual([]);
  });
});
