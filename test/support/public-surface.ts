import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { root } from './product.ts';

/** A public name of the package, as its types declare it. */
export interface PublicName {
  readonly name: string;
  /** The declaration without comments. */
  readonly signature: string;
  readonly docstring: string;
}

/** Writes the types of every module into a folder. */
export function emitTypes(folder: string): void {
  const compiler = join(root, 'node_modules/typescript/bin/tsc');
  const args = ['-p', join(root, 'tsconfig.build.json'), '--noCheck', '--emitDeclarationOnly', '--outDir', folder];
  execFileSync(process.execPath, [compiler, ...args], { stdio: 'pipe' });
}

/** The names that a module of types exports, in alphabetical order. Names that it exports from other modules are followed there. */
export function publicNames(module: string): PublicName[] {
  const exported = exportsOf(module);
  const known = exported.map(({ name }) => name);
  const found = exported.map(({ name, from, original }) => ({ name, ...declarationOf(from, original, known) }));
  return found.sort((a, b) => (a.name < b.name ? -1 : 1));
}

interface Exported {
  name: string;
  /** The module that declares it, or a package. */
  from: string;
  /** Its name there. */
  original: string;
}

function exportsOf(module: string): Exported[] {
  const text = readFileSync(module, 'utf8');
  return [...text.matchAll(/^export (?:type )?\{([^}]*)\} from '([^']+)';/gm)].flatMap(([, names = '', from = '']) =>
    names
      .split(',')
      .map((part) => part.trim().replace(/^type /, ''))
      .filter((part) => part !== '')
      .map((part) => {
        const [original = '', name = original] = part.split(' as ');
        return { name, original, from: from.startsWith('.') ? join(dirname(module), typesOf(from)) : from };
      }),
  );
}

function typesOf(module: string): string {
  return module.replace(/\.[jt]s$/, '.d.ts');
}

/** A class that is in `known` is not repeated as the base of another. */
function declarationOf(
  module: string,
  name: string,
  known: readonly string[],
): Pick<PublicName, 'signature' | 'docstring'> {
  if (!module.endsWith('.d.ts')) return { signature: `export { ${name} } from '${module}';`, docstring: module };
  const again = exportsOf(module).find((exported) => exported.name === name);
  if (again) return declarationOf(again.from, again.original, known);
  const text = readFileSync(module, 'utf8');
  const declaration = new RegExp(`^export (?:declare )?(?:const|function|class|interface|type) ${name}\\b`, 'm');
  const docstring = /\/\*\*(?:(?!\*\/)[\s\S])*\*\/\n$/.exec(text.slice(0, text.search(declaration)))?.[0] ?? '';
  const plain = text.replaceAll(/^ *\/\*\*(?:(?!\*\/)[\s\S])*\*\/\n/gm, '');
  const start = plain.search(declaration);
  if (start < 0) throw new Error(`${module} does not declare ${name}.`);
  const rest = plain.slice(start);
  const end = rest.slice(1).search(/^(?:export|declare|interface|type|class|function|import)/m);
  const signature = (end < 0 ? rest : rest.slice(0, end + 1)).trim();
  return { signature: [signature, ...inherited(module, text, signature, known)].join('\n\n'), docstring };
}

/** The declaration of the class or interface that a declaration extends, because its members are public too. */
function inherited(module: string, text: string, signature: string, known: readonly string[]): string[] {
  const base = /^export declare class \w+(?:<.*?>)? extends (\w+)/.exec(signature)?.[1];
  if (base === undefined || known.includes(base)) return [];
  const from = new RegExp(`^import (?:type )?\\{[^}]*\\b${base}\\b[^}]*\\} from '(\\.[^']+)';`, 'm').exec(text)?.[1];
  if (from === undefined) return [];
  return [declarationOf(join(dirname(module), typesOf(from)), base, known).signature];
}
