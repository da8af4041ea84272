import { Argument } from 'commander';

/** The first argument of a command with several actions, such as `fleet server start`. */
export interface Actions<N extends string> {
  readonly argument: Argument;
  /** One line per action, for the end of the command's help. */
  readonly help: string;
  readonly names: readonly N[];
}

/** @param usage the argument as the help shows it, e.g. `<action>` */
export function actionsOf<N extends string>(usage: string, texts: Readonly<Record<N, string>>): Actions<N> {
  const names = Object.keys(texts) as N[];
  const width = Math.max(...names.map(({ length }) => length)) + 2;
  return {
    argument: new Argument(usage, 'What to do.').choices(names),
    help: `\nActions:\n${names.map((name) => `  ${name.padEnd(width)}${texts[name]}`).join('\n')}`,
    names,
  };
}
