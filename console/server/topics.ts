import { discover } from '../../core/content/discover.ts';
import { FleetError } from '../../core/errors.ts';
import { zodSentences } from '../../core/schema/zod-sentences.ts';
import { isTopic, type Topic } from './define-topic.ts';

/** A topic and its parameters, as an address such as `executions?status=FAILED` names them. */
export interface Asked {
  readonly address: string;
  readonly topic: Topic;
  readonly params: unknown;
}

const LONGEST_ADDRESS = 500;

export interface Topics {
  readonly all: readonly Topic[];
  /** @throws FleetError `input` for an unknown address */
  find(address: string): Asked;
}

export async function loadTopics(): Promise<Topics> {
  const topics = await discover(new URL('../topics/', import.meta.url), isTopic, 'topic');
  const byName = new Map(topics.map((topic) => [topic.name, topic]));
  const find = (address: string): Asked => {
    const [name = '', query = ''] = address.split('?', 2);
    const topic = byName.get(name);
    if (!topic || address.length > LONGEST_ADDRESS)
      throw new FleetError('input', `There is no topic ${JSON.stringify(name.slice(0, 50))}.`, {
        remedy: `The topics are ${[...byName.keys()].join(', ')}.`,
      });
    const params = Object.fromEntries(new URLSearchParams(query));
    const parsed = topic.params.safeParse(params);
    if (parsed.success) return { address, topic, params: parsed.data };
    throw new FleetError('input', zodSentences(parsed.error, params).join(' '), {
      remedy: `Correct the address of the topic ${name}.`,
    });
  };
  return { all: topics, find };
}
