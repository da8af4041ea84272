import type { Permission } from './permissions.ts';

/** What a request is about: the tool, resource or prompt that it names, or else its method. Errors show its name. */
export interface Subject {
  readonly name: string;
  /** `none` is only for answers that show no more than the caller may use, such as lists. */
  readonly permission: Permission | 'none';
  readonly annotations: { readonly readOnlyHint: boolean };
}

/** The subject of a request that changes nothing. */
export function readingOf(name: string, permission: Subject['permission']): Subject {
  return { name, permission, annotations: { readOnlyHint: true } };
}
