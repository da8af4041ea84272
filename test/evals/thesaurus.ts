import { stem } from './stem.ts';

/**
 * Groups of words with related meanings in requests about jobs on a server. The ranking counts equal words, so it cannot know which
 * words are related. The groups hold everyday English. Their author did not look at the held-out requests. A word may be in several groups.
 */
const GROUPS = [
  // actions on an execution
  'start launch trigger begin fire kick initiate',
  'stop end terminate kill abort cancel halt permanently',
  'pause hold suspend freeze halt disable deactivate interrupt',
  'resume continue unpause unfreeze proceed carry enable activate reactivate',
  'retry again repeat redo reattempt attempt retried',
  'restart rerun rewind replay beginning onward',
  'skip omit bypass ignore leave without pointless unnecessary',
  'signal event message notify inform callback webhook deliver arrive arrived receive push',
  // facts about an execution
  'status state progress far',
  'finish done complete end over ready',
  'output result outcome return answer value payload',
  'watch wait await monitor follow',
  'history past recent last yesterday today earlier latest midnight ago newest since',
  'count number many total amount statistic tally',
  // failures and speed
  'fail break broke broken crash error wrong problem trouble failure fault die',
  'hang hung stuck stall block blocked frozen',
  'cause reason why root explain diagnose troubleshoot investigate understand',
  'slow fast quick rapid speed performance latency duration bottleneck long',
  'average median percentile p50 p95 p99',
  'trend over week month day development worse better',
  'compare comparison versus difference',
  'difference diff differ change changed alter',
  // definitions
  'workflow flow process pipeline automation automate',
  'definition blueprint spec json structure',
  'task step activity',
  'create register save store add make publish deploy upload',
  'design build compose generate draft sketch idea automate chain assemble pipeline',
  'update change edit modify adjust replace overwrite',
  'delete remove drop unregister discard retire',
  'validate check lint verify test mistake correct valid warning proofread inspect',
  'template example pattern sample starter scaffold',
  'retry timeout limit backoff configure setting set configuration rate concurrency',
  'list overview available registered inventory catalogue catalog exist',
  'find search discover locate',
  'describe explain detail schema parameter argument',
  // people
  'person human people manager somebody colleague boss',
  'approve approval accept confirm agree signoff sign green decision',
  'reject decline deny refuse veto',
  'decide decision answer choose approval',
  'wait pending open outstanding await held',
  // work
  'queue backlog depth congested overload line busy',
  'worker poller consumer alive',
  'poll claim pick fetch grab reserve assign',
  'job work piece task item assignment',
  'report progress percent',
  // time
  'schedule cron timer recurring daily nightly weekly monthly hourly periodic tonight plan regular',
  // the rest
  'api rest endpoint route operation http',
  'call invoke request send raw',
  'permission right allow allowed role access authorize login token refuse denied admin administrator account privilege',
].map((group) => group.split(' ').map(stem));

const groupsOf = Map.groupBy(
  GROUPS.flatMap((group, at) => group.map((word) => ({ word, meaning: `#${at}` }))),
  ({ word }) => word,
);

/**
 * Returns the meanings of the stems. If two stems have the same meaning, it is returned twice. A meaning starts with `#`, so it
 * never equals a stem.
 */
export function meaningsOf(stems: readonly string[]): string[] {
  return stems.flatMap((word) => (groupsOf.get(word) ?? []).map(({ meaning }) => meaning));
}
