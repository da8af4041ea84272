import { withCompanions } from '../../core/content/companions.ts';
import type {
  EventHandler,
  Schedule,
  TaskContract,
  TaskPolicy,
  Workflow,
  WorkflowSettings,
} from '../../core/contract.ts';
import type { Definitions } from './decide/server-view.ts';
import { toTaskDef, withSettings } from './task-def.ts';

/** Everything that is defined as code. */
export interface Content {
  tasks: readonly TaskContract[];
  workflows: readonly Workflow[];
  schedules?: readonly Schedule[];
  eventHandlers?: readonly EventHandler[];
}

/**
 * Everything to register, each name once: the workers' tasks, the workflows with those made with them, those that a schedule starts, and
 * the tasks and policies that only workflows use.
 */
export function definitionsOf(content: Content, settings: WorkflowSettings): Definitions {
  const { tasks, schedules = [], eventHandlers = [] } = content;
  const workflows = withCompanions([...content.workflows, ...schedules.map(({ workflow }) => workflow)]);
  const contracts = new Map<string, TaskContract | TaskPolicy>();
  for (const contract of [...tasks, ...workflows.flatMap((workflow) => workflow.tasks)]) {
    contracts.set(contract.name, contract);
  }
  return {
    task: [...contracts.values()].filter((one) => one.kind === 'policy' || one.registered !== false).map(toTaskDef),
    workflow: workflows.map((workflow) => withSettings(workflow, settings)),
    'event-handler': eventHandlers.map(({ def }) => def),
    schedule: schedules.map(({ def }) => def),
  };
}
