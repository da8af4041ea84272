import { named } from '../../core/settings/named.ts';
import { settings } from '../../core/settings/settings.ts';
import { chosenTools } from '../engine/toolsets.ts';
import { type Caller, isAllowed, isReading } from './permissions.ts';
import { type ReachSettings, reachOf } from './reach.ts';
import type { Refusal } from './refusals.ts';
import type { ListedTool, ToolLists } from './same-tool.ts';
import type { Subject } from './subject.ts';

/** The settings that refuse whole tools, methods, resources and prompts. */
export type UseSettings = ReachSettings & ToolLists;

/** True if the caller has the permission for the subject and no setting refuses it. Lists show only such subjects. */
export function mayUse(subject: Subject, caller: Caller, values: UseSettings): boolean {
  const { permission } = subject;
  return (permission === 'none' || isAllowed(caller, permission)) && refusalOf(subject, caller, values) === undefined;
}

/** Why the caller may not use the subject at all, although its permission is enough. Undefined if the caller may. */
export function refusalOf(subject: Subject, caller: Caller, values: UseSettings): Refusal | undefined {
  const reach = reachOf(caller, values);
  if (reach.refusesChanges && changesSomething(subject)) return reach.refusesChanges;
  const { workflow } = subject;
  const outside = workflow === undefined ? undefined : reach.refusal('workflows:execute', { workflow });
  if (outside) return outside;
  for (const tool of subject.sameAs ?? (isListed(subject) ? [subject] : [])) {
    const refusal = refusalByLists(tool, values);
    if (refusal)
      return tool.name === subject.name
        ? refusal
        : { ...refusal, why: `${subject.name} shows or does the same as a tool. ${refusal.why}` };
  }
  return undefined;
}

/** A tool that runs a workflow needs a permission to change something, even if its hint says that it only reads. */
function changesSomething({ permission, annotations }: Subject): boolean {
  return !annotations.readOnlyHint || (permission !== 'none' && !isReading(permission));
}

function isListed(subject: Subject): subject is Subject & ListedTool {
  return 'toolset' in subject;
}

/** Why the settings withhold a tool from every caller. */
export function refusalByLists(
  tool: ListedTool,
  { mcpToolsets, mcpTools, mcpToolsDeny }: ToolLists,
): Refusal | undefined {
  if (mcpToolsDeny.includes(tool.name))
    return {
      rule: settings.mcpToolsDeny.env,
      why: `The setting ${named('mcpToolsDeny')} withholds the tool ${tool.name}.`,
    };
  if (mcpToolsets.length === 0 && mcpTools.length === 0) return undefined;
  if (chosenTools({ toolsets: mcpToolsets, tools: mcpTools }, [tool]).length > 0) return undefined;
  return {
    rule: settings.mcpTools.env,
    why: `The settings ${named('mcpToolsets')} and ${named('mcpTools')} leave out the tool ${tool.name}.`,
  };
}
