import type { Conductor } from '../../../core/conductor/api.ts';
import type { Logger } from '../../../core/log.ts';

const TIMEOUT_MS = 3000;
/** An answer is used again for this time, so that probes do not become requests to Conductor. */
const KEPT_MS = 1000;

interface Answer {
  readonly status: 200 | 503;
  readonly body: object;
}

/** Whether Conductor answers. All probes within a second get the same answer. */
export function readiness(conductor: () => Promise<Conductor>, log: Logger): () => Promise<Answer> {
  let last: { readonly answer: Promise<Answer>; endsAt: number } | undefined;

  async function ask(): Promise<Answer> {
    try {
      const version = await (await conductor()).version(AbortSignal.timeout(TIMEOUT_MS));
      return { status: 200, body: { status: 'ready', conductor: version } };
    } catch (err) {
      log.debug({ err }, 'not ready');
      return { status: 503, body: { status: 'not ready', reason: 'The Conductor server does not answer.' } };
    }
  }

  return () => {
    if (last && performance.now() < last.endsAt) return last.answer;
    const asked = { answer: ask(), endsAt: Number.POSITIVE_INFINITY };
    last = asked;
    void asked.answer.then(() => {
      asked.endsAt = performance.now() + KEPT_MS;
    });
    return asked.answer;
  };
}
