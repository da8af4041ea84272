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

/** All definitions in code. */
export interface Content {
  tasks: readonly TaskContract[];
  workflows: readonly Workflow[];
  schedules?: readonly Schedule[];
  eventHandlers?: readonly EventHandler[];
}

/**
 * The definitions to register, each name once. They are the tasks of workers, the tasks and policies that workflows use, the workflows with
 * their companions, and the workflows that schedules start.
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
