import { nearest } from '../../core/nearest.ts';

/** Up to `most` names similar to `word`: first the names that contain `word` or are part of it, then the nearest by spelling. */
export function nearNames(word: string, names: readonly string[], most = 5): string[] {
  const wanted = word.toLowerCase();
  const related = names.filter((name) => name.toLowerCase().includes(wanted) || wanted.includes(name.toLowerCase()));
  const found = related.slice(0, most);
  const rest = names.filter((name) => !related.includes(name));
  while (found.length < most) {
    const next = nearest(word, rest);
    if (next === undefined) break;
    found.push(next);
    rest.splice(rest.indexOf(next), 1);
  }
  return found;
}
