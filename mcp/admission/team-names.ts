/*
 * The names that belong to a team: those that begin with the team and `_`. Two names that people or databases take for the same belong to
 * the same team, so names are compared in a folded form:
 * 1. Upper and lower case are equal, because some databases compare names without case.
 * 2. Full-width letters, ligatures and the like equal their plain letters (NFKC), and invisible characters are left out.
 * 3. Characters that look like `_` equal `_`.
 * A team has no `_` in its name. Otherwise `shop_eu_orders` would belong to the team `shop` and to the team `shop_eu`.
 */

const LIKE_UNDERSCORE = /[\u02cd\u2017\u203f\u2040\u2054\u23bd\u2581\ufe33\ufe34\ufe4d-\ufe4f\uff3f]/gu;

/** The form in which names are compared. */
export function folded(name: string): string {
  const plain = name.replace(LIKE_UNDERSCORE, '_').normalize('NFKC');
  return plain
    .replace(/\p{Default_Ignorable_Code_Point}/gu, '')
    .toUpperCase()
    .toLowerCase()
    .normalize('NFKC');
}

/** Why a workflow's name is not one of the team's names, as the end of a sentence. Undefined if it is. */
export function whyNotOfTeam(name: string, team: string): string | undefined {
  const prefix = `${folded(team)}_`;
  if (!/^[a-z0-9][a-z0-9-]*_$/.test(prefix))
    return `no workflow can belong to a team with this name; a team's name has only letters, digits and "-"`;
  const start = name.slice(0, prefix.length);
  // Some letters outside of ASCII have a lower case inside it, for example the Kelvin sign.
  if (/^[\x21-\x7e]+$/.test(start) && start.toLowerCase() === prefix) return undefined;
  return folded(name).startsWith(prefix)
    ? `its name only looks as if it began with "${prefix}"; write these letters plainly`
    : `its name does not begin with "${prefix}"`;
}
