import { clip, count, instant, printable } from '../../core/text.ts';
import { type Action, type Change, isDue, labelOf } from '../../workflows/manage/change.ts';
import type { Difference } from '../../workflows/manage/compare/differences.ts';
import type { Plan } from '../../workflows/manage/plan.ts';

const SIGNS: Record<Action, string> = {
  create: '+',
  update: '~',
  'new-version': '+',
  delete: '-',
  unchanged: '=',
  keep: '!',
  left: '?',
  'in-use': '?',
};

const MEANING: Record<Change['touches'][number]['how'], string> = {
  runs: 'they keep the definition they were started with',
  'sub-workflow': 'they run it when they reach its task',
  'failure-workflow': 'they start it if they fail',
  task: 'they keep the task definition they were started with',
};

/** Longest value that is printed in full. */
const VALUE_LENGTH = 100;
/** How many equal characters of two long values are shown before their first difference. */
const BEFORE_DIFFERENCE = 30;
const IDS = 3;
/**
 * How many definitions that are no longer in code are listed. The others are only counted, because a shared server can have hundreds of
 * them.
 */
const MOST_LEFT = 3;

/** A plan as text: one line per definition, then indented details. `all` also lists unchanged definitions. */
export function planLines(plan: Plan, { all = false } = {}): string[] {
  const left = plan.changes.filter(({ action }) => action === 'left');
  const counted = new Set(all ? [] : left.slice(MOST_LEFT));
  const shown = plan.changes.filter((change) => all || (change.action !== 'unchanged' && !counted.has(change)));
  const more =
    counted.size === 0
      ? []
      : [`? ${count(counted.size, 'more definition')} no longer in code. To list all, add --all.`];
  const beside = all ? plan.unmanaged.map((one) => `  ${printable(labelOf(one))}: ${ownerOf(one.fleet)}`) : [];
  return [...shown.flatMap(changeLines), ...more, ...beside, summary(plan), ...strangers(plan)];
}

/**
 * Two projects with one fleet name on one server would delete each other's definitions. The server cannot tell such projects apart, so a
 * plan with leftovers says what they may be.
 */
function strangers({ changes, fleet }: Plan): string[] {
  const leftovers = changes.filter(({ action }) => action === 'left' || action === 'delete' || action === 'in-use');
  if (leftovers.length === 0) return [];
  const sharesNothing = changes.every((change) => leftovers.includes(change) || change.action === 'create');
  const whose = sharesNothing
    ? `None of the ${count(leftovers.length, 'definition')} that the fleet "${fleet}" has on this server is in this code.`
    : `The fleet "${fleet}" registered ${count(leftovers.length, 'definition')} that this code does not have.`;
  return [
    `${whose} ${leftovers.length === 1 ? 'Does it' : 'Do they'} belong to another`,
    'project? Then give this project a fleet name of its own: `name` in package.json, or --fleet-name.',
  ];
}

function ownerOf(fleet: string | undefined): string {
  return fleet === undefined ? 'not registered from code' : `belongs to the fleet "${fleet}"`;
}

function changeLines(change: Change): string[] {
  const { action, standsFor, differences, reasons, touches, firings, notice } = change;
  const also = standsFor === undefined ? '' : ` (version ${standsFor} in code)`;
  const because = action === 'new-version' ? 'a new version beside the running one, because' : 'because';
  const details = [
    ...reasons.map((reason) => `${because} ${reason}`),
    ...(action === 'create' ? [] : differences.map(differenceLine)),
    ...touches.map(touchLine),
    ...(firings ? [firingsLine(firings)] : []),
    ...(notice ? [notice] : []),
  ];
  return [
    `${SIGNS[action]} ${printable(labelOf(change))}${also}: ${action}`,
    ...details.map((line) => `    ${printable(line)}`),
  ];
}

function differenceLine({ path, ...sides }: Difference): string {
  if (!('before' in sides)) return `${path}: added ${value(sides.after)}`;
  if (!('after' in sides)) return `${path}: removed ${value(sides.before)}`;
  const [before, after] = [json(sides.before), json(sides.after)];
  const from = before.length > VALUE_LENGTH || after.length > VALUE_LENGTH ? beginOfDifference(before, after) : 0;
  return `${path}: ${part(before, from)} → ${part(after, from)}`;
}

function beginOfDifference(one: string, other: string): number {
  let at = 0;
  while (at < one.length && one[at] === other[at]) at++;
  return Math.max(0, at - BEFORE_DIFFERENCE);
}

function touchLine({ how, workflow, version, ids }: Change['touches'][number]): string {
  const more = ids.length > IDS ? ', …' : '';
  const which = `${ids.slice(0, IDS).join(', ')}${more}`;
  return `${count(ids.length, 'running execution')} of ${workflow} v${version}: ${MEANING[how]} (${which})`;
}

function firingsLine(firings: readonly number[]): string {
  if (firings.length === 0) return 'the time of the next firing cannot be computed here';
  return `fires next ${firings.map(instant).join(', ')}`;
}

function summary({ changes, unmanaged }: Plan): string {
  const of = (...actions: Action[]) => changes.filter(({ action }) => actions.includes(action)).length;
  const rest = [
    [of('keep'), 'changed on the server and kept'],
    [of('left'), 'no longer in code'],
    [of('in-use'), 'still in use'],
    [unmanaged.length, 'others on the server'],
  ] as const;
  const also = rest.filter(([number]) => number > 0).map(([number, what]) => `${number} ${what}`);
  const tail = also.length > 0 ? ` (${also.join(', ')})` : '';
  const due = changes.filter(isDue).length;
  if (due === 0) return `Nothing to do: ${count(of('unchanged'), 'definition')} up to date${tail}.`;
  const todo = [
    [of('create'), 'to create'],
    [of('update'), 'to update'],
    [of('new-version'), 'to get a new version'],
    [of('delete'), 'to delete'],
  ] as const;
  const parts = todo.filter(([number]) => number > 0).map(([number, what]) => `${number} ${what}`);
  return `${parts.join(', ')}; ${of('unchanged')} up to date${tail}.`;
}

function value(of: unknown): string {
  return part(json(of), 0);
}

function json(of: unknown): string {
  return JSON.stringify(of) ?? 'nothing';
}

function part(text: string, from: number): string {
  const rest = text.slice(from);
  return `${from > 0 ? '…' : ''}${clip(rest, VALUE_LENGTH)}${rest.length > VALUE_LENGTH ? '…' : ''}`;
}
