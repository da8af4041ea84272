import { baseOf, type Declaration, declarationsOf } from '../../cli/docs/reference/declarations.ts';

/** A public name of the package, as its types declare it. */
export interface PublicName {
  readonly name: string;
  /** The declaration without comments. */
  readonly signature: string;
  readonly docstring: string;
}

/** The names that a module of types exports, in alphabetical order. Names that it exports from other modules are followed there. */
export function publicNames(module: string): PublicName[] {
  const declarations = declarationsOf(module);
  const known = declarations.map(({ name }) => name);
  const found = declarations.map((one) => ({
    name: one.name,
    docstring: one.docstring,
    signature: withBases(one, known).map(withoutComments).join('\n\n'),
  }));
  return found.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** The declaration, and the classes that it extends, because their members are public too. A class in `known` is not repeated. */
function withBases(declaration: Declaration, known: readonly string[]): Declaration[] {
  const base = declaration.kind === 'class' ? baseOf(declaration) : undefined;
  return [declaration, ...(base && !known.includes(base.name) ? withBases(base, known) : [])];
}

function withoutComments({ text }: Declaration): string {
  return text.replaceAll(/^ *\/\*\*(?:(?!\*\/)[\s\S])*\*\/\n/gm, '');
}
