import type { DefinitionCache } from '../shared/definition-cache.ts';
import type { Changes } from './change-bus.ts';
import type { ToolSource } from './tool-calls.ts';
import { listingOf } from './tool-listing.ts';

/** Another process may have changed a definition; ours tell at once. */
const LOOK_EVERY_MS = 5000;

interface Watched {
  readonly sources: readonly ToolSource[];
  readonly definitions: Pick<DefinitionCache, 'onChange'>;
  readonly changes: Pick<Changes, 'toolsChanged'>;
}

/** Tells of tools that come and go with the definitions on the server, until what it returns is called. */
export function watchTools({ sources, definitions, changes }: Watched): () => void {
  let seen: string | undefined;
  let last = Promise.resolve();
  const look = () => {
    last = last.then(async () => {
      const listed = await Promise.all(sources.map((source) => source.list()));
      const mark = JSON.stringify(listed.flat().map(listingOf));
      if (seen !== undefined && mark !== seen) changes.toolsChanged();
      seen = mark;
    });
    // A source that cannot be read now is read the next time.
    last = last.catch(() => {});
  };
  look();
  const timer = setInterval(look, LOOK_EVERY_MS).unref();
  const forget = definitions.onChange(look);
  return () => {
    clearInterval(timer);
    forget();
  };
}
