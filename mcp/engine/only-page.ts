import { readingOf, type Subject } from '../admission/subject.ts';
import { wrongCursor } from '../shared/cursor.ts';

/** The subject of a list that has a single page. @throws FleetError `input` for a cursor, because this list never returns one */
export function onlyPage(method: string, params: { readonly cursor?: string | undefined } | undefined): Subject {
  if (params?.cursor !== undefined) throw wrongCursor('send the request without a cursor.');
  return readingOf(method, 'none');
}
