import { FleetError } from '../../core/errors.ts';
import type { Audit, Peer, Unauthenticated } from './audit.ts';

/** So many records a minute. Whoever knows no token could otherwise fill the disk with them. */
const MOST_A_MINUTE = 60;
const MINUTE_MS = 60_000;

const SENDER: Unauthenticated = { id: 'unauthenticated', name: 'unauthenticated', knownBy: 'nothing' };

/** Records requests that were refused because nobody knows who sends them. Above the limit it only counts them, for the next record. */
export function turnedAway(audit: Audit, now: () => number): (id: string, peer: Peer) => void {
  let minute = Number.NEGATIVE_INFINITY;
  let recorded = 0;
  let uncounted = 0;
  return (id, peer) => {
    const time = now();
    if (time - minute >= MINUTE_MS) [minute, recorded] = [time, 0];
    recorded += 1;
    if (recorded > MOST_A_MINUTE) {
      uncounted += 1;
      return;
    }
    const subject = uncounted > 0 ? `and ${uncounted} before it` : undefined;
    uncounted = 0;
    const request = { id, caller: SENDER, method: 'authenticate', subject, isChanging: false, peer };
    const error = new FleetError('denied', 'The request had no token that this server accepts.');
    void Promise.resolve(audit.begin(request)).then((record) => record.refused(error));
  };
}
