import type { EventHandler, Schedule, Workflow } from '../../../core/contract.ts';

export interface TemplateSpec<W extends Workflow = Workflow> {
  /** The name that users give, in `snake_case`. The file is named after it. */
  name: string;
  /** A few words. */
  title: string;
  /** What it does, in one sentence. */
  description: string;
  /** For which situations, and for which not. */
  whenToUse: string;
  workflow: W;
  /** Becomes its own file in `schedules/`. */
  schedule?: Schedule;
  /** Becomes its own file in `event-handlers/`. */
  eventHandler?: EventHandler;
}

/** A workflow that runs as it is, and is copied and changed by users. */
export interface Template<W extends Workflow = Workflow> extends TemplateSpec<W> {
  readonly kind: 'template';
}

/**
 * Must be the last statement of its module. `const workflow = …` and, if they exist, `const schedule = …` and `const eventHandler = …`
 * become files of the user. Dry runs are in `<file name>.scenario.ts` beside the template.
 * @example export default defineTemplate({ name: 'resilient_http', title: '…', description: '…', whenToUse: '…', workflow })
 */
export function defineTemplate<W extends Workflow>(spec: TemplateSpec<W>): Template<W> {
  return { kind: 'template', ...spec };
}

/** True for a default export made with `defineTemplate(…)`. */
export function isTemplate(value: unknown): value is Template {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'template';
}
