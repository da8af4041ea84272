import type { Conductor } from '../../core/conductor/api.ts';
import { roleOf } from '../../core/conductor/task-types.ts';
import type { Execution, Task } from '../../core/conductor/types.ts';
import { inParallel } from '../../core/in-parallel.ts';
import { isReading, type Permission } from '../admission/permissions.ts';
import type { Reach, Target } from '../admission/reach.ts';
import { OutOfReach } from '../admission/refusals.ts';
import { domainsIn, type NamedWorkflows, workflowsNamedIn } from './named-workflows.ts';
import { isOwnLock, WRITE_STEPS } from './own-workflows.ts';

/** How many executions are read at the same time. */
const AT_ONCE = 8;

/** What a row of a search shows about its execution. */
export type ExecutionTarget = Target & { readonly executionId: string };

/** The checks of one request. Each execution and task is read at most once. */
export class Checks {
  readonly reach: Reach;
  readonly #api: Conductor;
  readonly #executions: Map<string, Promise<Target>>;
  readonly #tasks: Map<string, Promise<Task>>;
  readonly #names: Map<string, Promise<string[]>>;

  constructor(api: Conductor, reach: Reach, known?: Checks) {
    this.reach = reach;
    this.#api = api;
    this.#executions = known ? known.#executions : new Map();
    this.#tasks = known ? known.#tasks : new Map();
    this.#names = known ? known.#names : new Map();
  }

  /** @throws OutOfReach */
  mustReach(permission: Permission, target: Target): void {
    const refusal = this.reach.refusal(permission, target);
    if (refusal) throw new OutOfReach(refusal);
  }

  reaches(permission: Permission, target: Target): boolean {
    return this.reach.refusal(permission, target) === undefined;
  }

  /** @throws OutOfReach if the caller may change nothing at all */
  mustBeAbleToChange(): void {
    if (this.reach.refusesChanges) throw new OutOfReach(this.reach.refusesChanges);
  }

  /** Checks an execution by its id. @throws OutOfReach; FleetError `not-found` */
  async mustReachExecution(permission: Permission, executionId: string): Promise<void> {
    if (!isReading(permission)) this.mustBeAbleToChange();
    if (!this.reach.limits(permission)) return;
    const target = await this.#execution(executionId);
    if (target.workflow !== WRITE_STEPS) this.mustReach(permission, target);
  }

  /** Checks the execution of a task. The permission follows from the type of the task. @throws OutOfReach; FleetError `not-found` */
  async mustReachTask(taskId: string, toChange: boolean): Promise<void> {
    if (!toChange) {
      if (this.reach.limits('tasks:read'))
        await this.mustReachExecution('tasks:read', (await this.#task(taskId)).workflowInstanceId);
      return;
    }
    this.mustBeAbleToChange();
    const { taskType, workflowInstanceId } = await this.#task(taskId);
    await this.mustReachExecution(permissionToAnswer(taskType), workflowInstanceId);
  }

  /** Those of the rows whose executions are in reach. `targetOf` tells what a row shows about its execution. */
  async inReach<T>(permission: Permission, rows: readonly T[], targetOf: (row: T) => ExecutionTarget): Promise<T[]> {
    if (!this.reach.limits(permission)) return [...rows];
    const isKnown = !this.reach.dependsOnInput(permission);
    const checked = await inParallel(rows, AT_ONCE, async (row) => {
      const { executionId, ...shown } = targetOf(row);
      const target =
        isKnown && shown.workflow !== '' ? shown : await this.#execution(executionId).catch(() => undefined);
      return target !== undefined && this.reaches(permission, target);
    });
    return rows.filter((_, index) => checked[index]);
  }

  /** Checks everything that a definition can start, for a caller who writes it. @throws OutOfReach */
  mustReachWorkflowsIn(named: NamedWorkflows): void {
    if (!this.reach.limits('workflows:execute')) return;
    for (const target of named.starts) this.mustReach('workflows:execute', target);
    const [why] = named.unknown;
    if (why !== undefined) throw cannotBeChecked(why);
  }

  /** Checks a definition that is written or run. @throws OutOfReach */
  mustReachDefinition(permission: Permission, definition: { readonly name: string }): void {
    this.mustBeAbleToChange();
    if (!isOwnLock(definition.name)) this.mustReach(permission, { workflow: definition.name });
    this.mustReachWorkflowsIn(workflowsNamedIn({ ...definition }));
  }

  /** The names of all registered workflows, whoever may read them. */
  workflowNames(): Promise<string[]> {
    return remembered(this.#names, 'all', () => this.#api.listWorkflowNames());
  }

  #execution(id: string): Promise<Target> {
    return remembered(this.#executions, id, async () =>
      targetOf(await this.#api.getExecution(id, { includeTasks: false })),
    );
  }

  #task(taskId: string): Promise<Task> {
    return remembered(this.#tasks, taskId, () => this.#api.getTask(taskId));
  }
}

/** An execution as reach sees it. */
export function targetOf({ workflowName, input, taskToDomain }: Execution): Target {
  return { workflow: workflowName, input, domains: domainsIn(taskToDomain) };
}

/** The permission to end a task of this type. */
function permissionToAnswer(taskType: string): Permission {
  if (taskType === 'HUMAN') return 'approvals:decide';
  return roleOf(taskType) === 'wait' ? 'workflows:execute' : 'tasks:write';
}

function cannotBeChecked(why: string): OutOfReach {
  return new OutOfReach({
    rule: 'unknown-name',
    why: `Your reach is limited, and it cannot be checked which workflows this starts, because ${why}.`,
  });
}

async function remembered<T>(known: Map<string, Promise<T>>, key: string, read: () => Promise<T>): Promise<T> {
  const found = known.get(key) ?? read();
  known.set(key, found);
  found.catch(() => known.delete(key));
  return found;
}
