/** The ids of the list that was shown last, in its order: on the page of one execution, `n` and `p` go on in it. */
let ids: readonly string[] = [];

export function rememberList(shown: readonly string[]): void {
  ids = shown;
}

/** The id `step` places after `id` in the list. Undefined at the ends, and for an id that is not in the list. */
export function inList(id: string, step: 1 | -1): string | undefined {
  const at = ids.indexOf(id);
  return at < 0 ? undefined : ids[at + step];
}
