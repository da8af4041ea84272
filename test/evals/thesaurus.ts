import { stem } from './stem.ts';

/**
 * Words that people use for one and the same thing when they speak of jobs that run on a server: what every reader knows, and a
 * count of words does not. Made of everyday English by topic, not from any request. A word may stand in several groups.
 */
const GROUPS = [
  // what is done to an execution
  'start run launch trigger execute begin fire kick',
  'stop end terminate kill abort cancel halt',
  'pause hold suspend freeze halt',
  'resume continue unpause unfreeze proceed carry',
  'retry again repeat redo reattempt once',
  'restart rerun rewind replay back beginning',
  'skip omit bypass ignore leave without',
  'signal event message notify unblock',
  // what is known of it
  'execution run instance',
  'status state progress far',
  'finish done complete end over',
  'output result outcome return answer value',
  'history past recent last yesterday today earlier latest',
  'count number many total',
  // what goes wrong, and how well it goes
  'fail break broken crash error wrong problem trouble failure fault',
  'hang stuck stall block blocked frozen',
  'cause reason why root explain diagnose troubleshoot investigate',
  'slow fast quick speed performance latency duration bottleneck long',
  'average median percentile p50 p95 p99',
  'trend over week month day development',
  'compare difference diff versus change changed',
  // definitions
  'workflow flow process pipeline automation',
  'definition blueprint spec json',
  'task step activity',
  'create register save store add make new publish deploy',
  'design build compose generate draft sketch',
  'update change edit modify adjust replace overwrite',
  'delete remove drop unregister discard',
  'validate check lint verify test mistake correct valid',
  'template example pattern sample starter scaffold',
  'retry timeout limit backoff configure setting set configuration',
  'list show overview display all available registered',
  'find search look discover',
  'describe explain detail schema parameter',
  // people
  'person human people manager someone somebody',
  'approve approval accept confirm agree signoff sign yes green',
  'reject decline deny refuse no',
  'decide decision answer choose',
  'wait pending open outstanding await',
  // work
  'queue backlog pile depth congested',
  'worker poller consumer agent',
  'poll claim take pick fetch grab',
  'job work piece task',
  'release give return hand back',
  'report tell progress percent',
  // time
  'schedule cron timer recurring daily nightly weekly monthly hourly periodic',
  'monday tuesday wednesday thursday friday saturday sunday day week month hour morning night evening noon midnight',
  // the rest
  'api rest endpoint route operation http',
  'call invoke request send',
  'permission right allow allowed role access authorize may',
].map((group) => group.split(' ').map(stem));

const groupsOf = Map.groupBy(
  GROUPS.flatMap((group, at) => group.map((word) => ({ word, meaning: `#${at}` }))),
  ({ word }) => word,
);

/** What the stems may mean, each meaning as often as a stem has it; a meaning is no word, so it never equals a stem. */
export function meaningsOf(stems: readonly string[]): string[] {
  return stems.flatMap((word) => (groupsOf.get(word) ?? []).map(({ meaning }) => meaning));
}
