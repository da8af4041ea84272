import { version } from '../../core/version.ts';
import type { Inside } from '../../mcp/front/inside.ts';
import type { Session } from '../shared/messages.ts';
import type { Topic } from './define-topic.ts';
import type { Visitor } from './visitor.ts';

/** A page waits no longer than this to learn which parts of the product are in use. */
const IN_USE_MS = 2000;

/** What a page knows about its user. It can come from a process that has no Conductor server yet. */
export async function sessionOf(
  { connection, caller }: Visitor,
  { inside, topics, signal }: { inside: Inside; topics: readonly Topic[]; signal: AbortSignal },
): Promise<Session> {
  const { name, role } = caller;
  const { auditFolder } = inside;
  const brief = AbortSignal.any([signal, AbortSignal.timeout(IN_USE_MS)]);
  const context = await inside.contextOf(caller, brief).catch(() => undefined); // no server runs yet
  const isShown = async ({ permission, sameAs, isInUse }: Topic) => {
    if (!(await inside.mayRead({ method: 'console/read', permission, sameAs }, caller))) return false;
    if (!isInUse) return true;
    return context ? isInUse({ ...context, auditFolder }).catch(() => false) : false; // the server is away
  };
  const [tools, shown] = await Promise.all([inside.usableTools(connection), Promise.all(topics.map(isShown))]);
  const conductor = context && new URL(context.conductor.serverUrl).host;
  return {
    caller: { name, role },
    tools,
    topics: topics.filter((_, at) => shown[at]).map((topic) => topic.name),
    version,
    ...(conductor && { conductor }),
  };
}
