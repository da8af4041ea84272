import type { Permission } from './permissions.ts';
import type { ListedTool } from './same-tool.ts';

/** What a request is about: the tool, resource or prompt that it names, or else its method. Errors show its name. */
export interface Subject {
  readonly name: string;
  /** `none` allows every caller. It is only for answers that leave out what the caller is not permitted to use, such as lists. */
  readonly permission: Permission | 'none';
  readonly annotations: { readonly readOnlyHint: boolean; readonly openWorldHint?: boolean };
  /** The tools that show or do the same. A list of tools that withholds one of them refuses this request. */
  readonly sameAs?: readonly ListedTool[];
  /** The workflow that it starts, for a workflow that is offered as a tool. */
  readonly workflow?: string;
}

/** The subject of a request that changes nothing. */
export function readingOf(name: string, permission: Subject['permission']): Subject {
  return { name, permission, annotations: { readOnlyHint: true } };
}
