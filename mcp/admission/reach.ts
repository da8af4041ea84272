import type { Config } from '../../core/config.ts';
import { isObject } from '../../core/json.ts';
import type { McpRule } from '../../core/settings/mcp-access/mcp-rules.ts';
import { named } from '../../core/settings/named.ts';
import { settings } from '../../core/settings/settings.ts';
import { quoteIfUnusual } from '../shared/quote.ts';
import { type Caller, isReading, type Permission } from './permissions.ts';
import type { Refusal } from './refusals.ts';
import { folded, whyNotOfTeam } from './team-names.ts';

/*
 * What a caller reaches. A permission says what a caller may do; reach says with which workflows. Nothing here gives a permission.
 *
 * 1. In read-only mode, nobody changes anything.
 * 2. A caller with a team who is no admin changes and starts only workflows of the team. Reading is not limited by team.
 * 3. A rule with `deny` refuses what fits it.
 * 4. If rules without `deny` are about a permission, only what fits at least one of them is allowed.
 * 5. What cannot be checked counts as out of reach, for example a name that an expression computes while a workflow runs.
 */

/** The settings that limit what callers reach. */
export type ReachSettings = Pick<Config, 'mcpReadOnly' | 'mcpTeamsRequired' | 'mcpRules'>;

/** The workflow that a call reads, changes or starts. */
export interface Target {
  readonly workflow: string;
  /** The input of the execution. Undefined for a definition, which has none. */
  readonly input?: Readonly<Record<string, unknown>> | undefined;
  /** The task domains of the execution. Undefined for a definition. */
  readonly domains?: readonly string[] | undefined;
}

export interface Reach {
  /** True if the caller reaches every workflow with all permissions. */
  readonly isUnlimited: boolean;
  /** Why the caller can change nothing at all. Undefined if there is something that the caller can change. */
  readonly refusesChanges: Refusal | undefined;
  /** True if some workflows may be out of reach for this permission. */
  limits(permission: Permission): boolean;
  /** True if a workflow's name is not enough to know whether one of its executions is in reach. */
  dependsOnInput(permission: Permission): boolean;
  /** Why the workflow is out of reach. Undefined if it is in reach. */
  refusal(permission: Permission, target: Target): Refusal | undefined;
  /** The team whose task definitions the caller may change. Undefined: those of every team. */
  readonly team: string | undefined;
  /** All limits, one sentence each. */
  readonly sentences: readonly string[];
}

const UNLIMITED: Reach = {
  isUnlimited: true,
  refusesChanges: undefined,
  limits: () => false,
  dependsOnInput: () => false,
  refusal: () => undefined,
  team: undefined,
  sentences: [],
};

/** What `caller` reaches. */
export function reachOf(caller: Caller, { mcpReadOnly: readOnly, mcpTeamsRequired, mcpRules }: ReachSettings): Reach {
  const team = caller.role === 'admin' ? undefined : caller.team;
  const lacksTeam = mcpTeamsRequired && caller.role !== 'admin' && team === undefined;
  const rules = mcpRules.filter((rule) => holdsFor(rule, caller));
  if (!readOnly && team === undefined && !lacksTeam && rules.length === 0) return UNLIMITED;
  const about = (permission: Permission) => rules.filter(({ permissions }) => permissions.includes(permission));
  const refusesChanges = readOnly ? READ_ONLY : lacksTeam ? NO_TEAM : undefined;
  const limitsChanges = refusesChanges !== undefined || team !== undefined;
  return {
    isUnlimited: false,
    refusesChanges,
    limits: (permission) => (limitsChanges && !isReading(permission)) || about(permission).length > 0,
    dependsOnInput: (permission) => about(permission).some(({ input, domains }) => input ?? domains),
    refusal(permission, target) {
      if (!isReading(permission)) {
        if (refusesChanges) return refusesChanges;
        const why = team === undefined ? undefined : whyNotOfTeam(target.workflow, team);
        if (why !== undefined)
          return { rule: 'team', why: outside(target, `you belong to the team "${team}", and ${why}`) };
      }
      return refusalByRules(about(permission), permission, target);
    },
    team,
    sentences: [
      ...(refusesChanges ? [refusesChanges.why] : []),
      ...(team === undefined
        ? []
        : [`You may change and start only workflows of your team: their names begin with "${folded(team)}_".`]),
      ...rules.map(sentenceOf),
    ],
  };
}

const READ_ONLY: Refusal = {
  rule: settings.mcpReadOnly.env,
  why: `This MCP server is in read-only mode (${named('mcpReadOnly')}), so nothing can be changed through it.`,
};

const NO_TEAM: Refusal = {
  rule: settings.mcpTeamsRequired.env,
  why: `You have no team, and this MCP server lets only members of a team and admins change something (${named('mcpTeamsRequired')}).`,
};

function holdsFor({ for: who }: McpRule, { id, role, team }: Caller): boolean {
  if (who.role !== undefined && who.role !== role) return false;
  if (who.principal !== undefined && who.principal !== id) return false;
  return who.team === undefined || (team !== undefined && folded(who.team) === folded(team));
}

function refusalByRules(rules: readonly McpRule[], permission: Permission, target: Target): Refusal | undefined {
  const denied = rules.find((rule) => rule.deny && isRefusedBy(rule, target));
  if (denied) return { rule: denied.id, why: outside(target, `the rule ${denied.id} refuses ${permission} for it`) };
  const allowing = rules.filter(({ deny }) => !deny);
  if (allowing.length === 0 || allowing.some((rule) => isAllowedBy(rule, target))) return undefined;
  const ids = allowing.map(({ id }) => id).join(', ');
  const none = allowing.length === 1 ? `the rule ${ids} allows` : `the rules ${ids} allow`;
  return { rule: ids, why: outside(target, `${none} ${permission} only for other workflows, inputs or task domains`) };
}

function outside({ workflow }: Target, why: string): string {
  return `The workflow ${quoteIfUnusual(workflow)} is not in your reach: ${why}.`;
}

/** An allowing rule compares exactly. Its conditions on the input do not concern definitions, which have none. */
function isAllowedBy({ workflows, input, domains }: McpRule, target: Target): boolean {
  const fitsInput = () =>
    Object.entries(input ?? {}).every(([path, values]) =>
      values.some((value) => value === valueAt(target.input, path)),
    );
  const fitsDomains = () => {
    const asked = target.domains ?? [];
    return !domains || (asked.length > 0 && asked.every((domain) => domains.some((one) => matches(one, domain))));
  };
  if (!workflows.some((pattern) => matches(pattern, target.workflow))) return false;
  return target.input === undefined || (fitsInput() && fitsDomains());
}

/** A refusing rule compares in the folded form. An expression counts as each value that it could have. */
function isRefusedBy({ workflows, input, domains }: McpRule, target: Target): boolean {
  if (!workflows.some((pattern) => matches(folded(pattern), folded(target.workflow)))) return false;
  if ((input || domains) && target.input === undefined) return false;
  const fitsInput = Object.entries(input ?? {}).every(([path, values]) => {
    const given = valueAt(target.input, path);
    return isExpression(given) || values.some((value) => folded(String(value)) === folded(String(given)));
  });
  const asked = target.domains ?? [];
  const fitsDomains =
    !domains ||
    asked.some((domain) => isExpression(domain) || domains.some((one) => matches(folded(one), folded(domain))));
  return fitsInput && fitsDomains;
}

function isExpression(value: unknown): boolean {
  return typeof value === 'string' && value.includes('${');
}

function valueAt(input: unknown, path: string): unknown {
  return path.split('.').reduce<unknown>((at, name) => {
    if (isExpression(at)) return at;
    return isObject(at) && Object.hasOwn(at, name) ? at[name] : undefined;
  }, input);
}

/** Only settings hold patterns, so their number is small. */
const expressions = new Map<string, RegExp>();

function matches(pattern: string, text: string): boolean {
  const known = expressions.get(pattern);
  if (known) return known.test(text);
  const parts = pattern.split('*').map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'));
  const expression = new RegExp(`^${parts.join('[^]*')}$`, 'u');
  expressions.set(pattern, expression);
  return expression.test(text);
}

/** A rule in words. */
function sentenceOf({ id, deny, permissions, workflows, input = {}, domains }: McpRule): string {
  const conditions = [
    ...Object.entries(input).map(
      ([field, values]) => `the input ${field} is ${values.map((v) => JSON.stringify(v)).join(' or ')}`,
    ),
    ...(domains ? [`the task domain is ${domains.join(' or ')}`] : []),
  ];
  const where = `the workflows ${workflows.join(', ')}${conditions.length > 0 ? ` where ${conditions.join(' and ')}` : ''}`;
  const what = permissions.length === 7 ? 'every permission' : permissions.join(', ');
  return deny
    ? `Rule ${id}: ${what} ${permissions.length === 1 ? 'is' : 'are'} refused for ${where}.`
    : `Rule ${id}: ${what} only for ${where}.`;
}
