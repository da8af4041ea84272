/**
 * Prepares a request for the comparison of words. Replaces phrases by one word, and patterns that show the topic (an id, a route, a
 * cron expression) by a keyword. Removes actions that the person excludes. Removes names, quotations and JSON, because they are
 * data and not the action.
 */
export function readRequest(text: string): string {
  return withPhrases(withoutData(withShapes(withoutNegations(withApostrophes(text)))));
}

/** Returns whether the person asks a question or gives an order. Undefined if the words do not show it. */
export function moodOf(request: string): 'question' | 'order' | undefined {
  const sentences = withApostrophes(request).split(/[.!?;:]\s+|, (?:so|then|and|but) | and (?=tell|show|run|start)/i);
  const moods = sentences.map((sentence) => {
    const plain = sentence.replace(OPENING, '');
    if (POLITE.test(plain)) return 'order';
    if (QUESTION.test(plain)) return 'question';
    return plain.split(/, /).some((part) => ORDER.test(part.replace(OPENING, ''))) ? 'order' : undefined;
  });
  return moods.includes('order') ? 'order' : moods.find((mood) => mood !== undefined);
}

const OPENING =
  /^\W*(?:(?:please|so|then|and|but|just|ok|okay|now|hi|hello|hey|kindly|also|quick|again|for .{1,30},)\W+)*/i;
const POLITE = /^(?:can|could|would|will) (?!i\b|we\b|anyone|anybody|somebody|someone)/i;
const QUESTION =
  /^(?:what|which|who|whose|when|where|why|how|is|are|am|was|were|do|does|did|has|have (?:we|you|i|they)|can|could|may|any|show|list|find|tell me|explain|describe|compare|look|pull up|let me (?:see|know)|search|check|lint|verify|validate|watch|monitor|count|diagnose|investigate|debug|trace|dig|keep (?:an eye|watching|me)|give me an overview|i (?:want|need|would like|like) to (?:know|see|read))\b/i;
const ORDER = new RegExp(
  `^(?:${`abort add adjust apply approve begin bring build call cancel carry change claim clean close complete continue create
  decline define delete deploy deliver deny design disable discard do drop edit enable end execute fail fire fix force freeze get
  give go grab halt hand have hold inform increase invoke invite jump keep kick kill launch leave let lift limit lower make mark move
  notify omit overwrite pass pause pick poll post proceed process publish pull purge push put raise redo refuse register reject
  release remove repeat replace replay report rerun reserve restart resume retry retire return rewind roll run save schedule send set
  shut sign signal skip start stop store submit suspend switch take terminate throw trigger try turn undo unfreeze unpause
  unregister unsuspend update upload wake withdraw`
    .split(/\s+/)
    .join('|')})\\b(?! me\\b)`,
  'i',
);

/** Replaces each known phrase by one word: `kick off` becomes `start`. The ranking does this with requests and with descriptions. */
export function withPhrases(text: string): string {
  const known = phrased.get(text);
  if (known !== undefined) return known;
  const read = PHRASES.reduce((so, [phrase, word]) => so.replaceAll(phrase, ` ${word} `), withHeads(text));
  phrased.set(text, read);
  return read;
}

/** A cache, because the ranking reads the same texts for every list of tools. */
const phrased = new Map<string, string>();

const turns = (source: string) => new RegExp(`\\b(?:${source})\\b`, 'gi');

const PHRASES: readonly (readonly [RegExp, string])[] = (
  [
    ['(?:go|goes|going|jump) back to|(?:take|bring|move|send|put) (?:it |this |them )?back to', 'rewind'],
    ['(?:wake|wakes|waking) (?:it |them |this )?up', 'resume'],
    ['(?:fine|ok|okay|good) (?:with|by|for) (?:me|us)|(?:let|lets|wave) (?:it |them |this )?through', 'approve'],
    ['as (?:a |the |its )?new version', 'update'],
    [
      '(?:would|will|am|are) (?:i|we) (?:be )?able to|(?:may|can) i(?= (?:do|use|delete|start|stop|change|create))',
      'allowed',
    ],
    ['(?:error|success|failure) rates?|how (?:often|reliably)', 'reliable'],
    ['(?:go|goes|gone|went|going) (?:up|down)', 'trend'],
    ['how (?:\\w+ ){0,3}(?:is|are) doing', 'status'],
    [
      '(?:eat|eats|lose|loses|losing|waste|wastes|spend|spends|spent)(?: up)?(?: the| our| most| all| so much)*(?: of the)? time',
      'slow',
    ],
    ['pass(?:es|ed)? (?:it |this |that )?on', 'notify'],
    ['from (?:the )?(?:very )?(?:start|beginning|scratch)|start over', 'restart'],
    ['(?:with |and )?(?:nothing changed|no changes|unchanged|(?:the )?same input)', 'again'],
    ['to blame|at fault|responsible for', 'root cause'],
    ['(?:we|i|it|they)(?: will)? (?:continue|resume|go on|carry on|proceed) (?:after|later|tomorrow|when|once)', ''],
    ['(?:dont|do not|no longer) need (?:it|them|this|that|those) (?:any ?more|any longer)', ''],
    ['(?:can|could|would|will) you (?:please |just )?(?:run|execute)', 'start'],
    ['(?:run|execute|do) (?:\\w+ )?(?:again|once more|one more time)', 'retry'],
    [
      '(?:has|have) been (?:running|going|sitting there|like that) (?:for|since)|(?:not|isnt|nt|no|nothing)(?: \\w+){0,2} (?:making (?:any )?progress|moving|advancing|happening)|nothing (?:moves|happens)',
      'stuck',
    ],
    [
      '(?:in |over |during |of |from |for )?(?:the )?(?:last|past) (?:\\w+ )?(?:hours?|days?|weeks?|months?|minutes?|night)',
      'recent',
    ],
    [
      'how long (?:does|do|did|will)|(?:take|takes|took|taking) (?:the |up )?(?:most|longest|so much|too much)(?: time)?',
      'duration',
    ],
    ['how (?:does|do) (?:\\w+ ){1,5}works?', 'explain definition'],
    ['how (?:do|can|must|should) (?:i|we|you) (?:call|use)', 'describe'],
    ['how many|(?:the )?number of', 'count'],
    [
      '(?:which|what|all|any|available|registered)(?: of)?(?: the| our)? (?:\\w+ )?(?:workflows|processes|automations|flows)',
      'catalogue workflow',
    ],
    [
      '(?:create|make|build|write|need|want)(?: me)? (?:a|an|some) (?:[\\w-]+ )?(?:workflow|process|pipeline|automation|flow) (?:that|which|to|for|from)',
      'design steps',
    ],
    ['retries|retry (?:policy|count|logic|limit|delay|settings?)', 'backoff'],
    ['time-?outs?|(?:time|times|timing) out|time limits?', 'timeout'],
    ['(?:shut|shuts|shutting) down|put an end to', 'terminate'],
    ['temporar(?:y|ily)', 'hold'],
    ['(?:start|begin)s? processing', 'start'],
    ['samples?|best practices?|examples?|patterns?', 'template'],
    ['(?:keep|keeping) up|(?:fall|falls|falling) behind', 'backlog'],
    ['return (?:the |this |my |that )?(?:task|job|work|piece)', 'release task'],
    [
      '(?:job|task|work|review|piece)(?: that)? (?:i|you) (?:took|claimed|picked|have|hold)|(?:my|your) (?:task|job|work)',
      'claimed task',
    ],
    ['reports?(?! (?:that|on|back|my|progress|failure|success|it|the))', ''],
    [
      '(this|that|the|my|our|these|those|last|every|each|all|of|failed|running|paused|real|past|which|many|\\d+) runs?',
      '$1 instance',
    ],
    ['runs(?= (?:of|that|from|which|I|we))|executions?', 'instance'],
    ['(and|to|just|then|us|me) (?:run|execute)', '$1 start'],
    [
      '(?:kick|kicks|kicked|kicking|set|fire|get|put) (?:it |them |this )?(?:off|going|rolling)|(?:spin|spins) up|(?:put|puts) (?:it |them |this )?through',
      'start',
    ],
    [
      '(?:carry|go|move|moves|keep) (?:on|ahead|going) without|(?:leave|leaves|leaving) out|(?:pass|jump|hop) over',
      'skip',
    ],
    [
      'do without|as if (?:it|that|this)|(?:is|are)(?: not|nt) (?:needed|necessary|required)|(?:dont|do not|no longer) need',
      'skip',
    ],
    ['(?:carry|carries|go|goes|move|moves) (?:on|ahead|forward)|pick up where', 'continue'],
    [
      '(?:lift|end|release|remove|take off|undo) (?:the |that |this )?(?:hold|pause|freeze)|(?:off|from) hold',
      'resume',
    ],
    ['(?:on|for) (?:hold|ice)|for (?:now|the moment|the time being|a while)', 'hold'],
    ['for (?:good|ever)|once and for all', 'permanently'],
    ['green light|go[- ]ahead|thumbs up|(?:sign|signs|signed|signing)[- ]off|signature', 'approval'],
    ['(?:says?|said|saying) (?:yes|no)(?: or no)?|yes or no', 'decision'],
    [
      '(?:get|gets|getting|got) rid of|(?:clean|cleaned|cleaning) up|(?:throw|take) (?:it |them |this )?(?:away|down|out)',
      'delete',
    ],
    ['(?:give|hand|put|gives|gave) (?:it |them |this |that )?back', 'release'],
    ['(?:hand|turn|send) (?:it |them )?in', 'report'],
    ['(?:pick|picks|picked|picking) up', 'claim'],
    ['start(?:ing)? point|begin with|start (?:from|with)|ready[- ]made|boilerplate|skeletons?', 'template'],
    ['(?:switch|switches|switched|turn|turns|turned) (?:it |them |that )?(?:back )?off', 'disable'],
    ['(?:switch|switches|switched|turn|turns|turned) (?:it |them |that )?(?:back )?on', 'enable'],
    ['by (?:itself|themselves|hand|the clock)|on (?:its|their) own|automatically|on a timer', 'scheduled'],
    ['(?:is|are|was|were) (?:\\w+ )?set up', 'configured'],
    ['(?:set|sets|setting) (?:it |them |this )?up', 'create'],
    ['(?:do|does) (?:we|you|i|they|it) (?:even |already |currently )?have', 'catalogue'],
    ['(?:daily|nightly|weekly|hourly|monthly) (?:at|from|on)', 'recurring'],
    [
      '(?:every|each) (?:\\w+ )?(?:monday|tuesday|wednesday|thursday|friday|saturday|sunday|day|week|weekday|month|hour|night|morning|evening|quarter|minutes?|hours)',
      'recurring',
    ],
    ['(?:blow|blows|blew|blown|mess|messed) up|(?:go|goes|went|gone) wrong|(?:fall|fell|falls) over', 'fail'],
    ['(?:how )?far(?: along)?', 'progress'],
    ['keep an eye on|keep watching|let me know (?:when|once)|tell me (?:as soon as|when|once)', 'watch'],
    ['(?:come|comes|came|coming) (?:out|back)', 'result'],
    ['(?:once|one) more(?: time)?|another (?:go|try|time|attempt|chance|shot)|a second time', 'again'],
    ['(?:pile|piles|piled|piling|back|backed|backing) up', 'backlog'],
    ['side by side', 'compare'],
    [
      '(?:does|did|is) (?:all )?the time (?:go|goes|spent|lost)|(?:take|takes|took|taking) (?:so |too |very |that )?long',
      'slow',
    ],
    ['read[- ]only', 'permission'],
    ['(?:put|puts) together|made up of', 'compose'],
    ['right (?:now|away)|straight away|at once', ''],
  ] as const
).map(([source, word]) => [turns(source), word]);

/**
 * Replaces words such as `run` and `end` at the beginning of a sentence, where they are orders. In the middle they usually mean
 * something else.
 */
function withHeads(text: string): string {
  return text.replaceAll(STARTING, '$1start').replaceAll(ENDING, '$1terminate');
}

const head = (verbs: string) =>
  new RegExp(`((?:^|[.!?:;,]\\s+)\\W*(?:please |so |then |and |just |now )*)(?:${verbs})\\b`, 'gi');
const STARTING = head('run|execute|begin|process|submit');
const ENDING = head('end|close');

function withApostrophes(text: string): string {
  return text.replaceAll(/(\w)['’](?:ve|re|ll|s|d|m)\b/g, '$1').replaceAll(/(\w)n['’]t\b/g, '$1nt');
}

/** Removes actions that the person excludes, such as `without …` or `do not …`: at most four words, up to the end of the clause. */
function withoutNegations(text: string): string {
  return text.replaceAll(
    /\b(?:dont|do not|must not|mustnt|should not|shouldnt|no need to|need not|without|instead of|rather than|never|not to)((?: [\w'-]+){1,4}?)(?=[,.;:!?]| and | but | so |$| [\w'-]+)/gi,
    (whole, words: string) => (/^ (?:it|any|need)\b/i.test(words) ? whole : ' '),
  );
}

/** The word that replaces an execution id. */
export const EXECUTION_ID = 'executionid';

const SHAPES: readonly (readonly [RegExp, string])[] = [
  [/\b[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}\b/gi, EXECUTION_ID],
  [/\b(?=[a-f-]*\d)(?=[\d-]*[a-f])[\da-f]{4,}(?:-[\da-f]{4,})?\b/gi, EXECUTION_ID],
  [/\b[a-z]{2,4}-\d{2,}\b/gi, EXECUTION_ID],
  [/(?:\b(?:GET|POST|PUT|DELETE|PATCH) (?:on |of |to )?)?(?<![\w:/])\/[a-z]+(?:\/[\w{}]+)*/g, ' rest endpoint '],
  [/(?<!\S)[\d*][\d*/,-]*(?: [\d*?/A-Z,-]+){4,5}(?!\w)/g, ' cron '],
  [/\d ?%/g, ' percent '],
];

function withShapes(text: string): string {
  return SHAPES.reduce((read, [shape, word]) => read.replaceAll(shape, word), text);
}

function withoutData(text: string): string {
  return text
    .replaceAll(/\{[^}]*\}+/g, ' ')
    .replaceAll(/"[^"]*"|(?<!\w)'[^']*'(?!\w)/g, ' ')
    .replaceAll(/\S+@\S+|\w+:\/\/\S+/g, ' ')
    .replaceAll(/\b[a-z\d]+(?:_[a-z\d]+)+\b/gi, ' ');
}
