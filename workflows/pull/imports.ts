import { quoted } from './code/literals.ts';
import type { Names } from './code/names.ts';

/** How the generated file names the modules of this product. */
export interface Modules {
  contract: string;
  define: string;
  policies: string;
  refs: string;
}

/** The import declarations of a file, collected while its code is made. */
export class Imports {
  readonly #modules: Modules;
  readonly #names: Names;
  readonly #named = new Map<string, Set<string>>();
  readonly #defaults = new Map<string, string>();

  constructor(modules: Modules, names: Names) {
    this.#modules = modules;
    this.#names = names;
  }

  /** An export of `core/contract.ts`. */
  contract(name: 'defineTask' | 'fromSetting' | 'jsonSchema'): string {
    return this.#use(this.#modules.contract, name);
  }

  /** `defineWorkflow`. */
  defineWorkflow(): string {
    return this.#use(this.#modules.define, 'defineWorkflow');
  }

  /** `definePolicy`, or one of the policies that are there. */
  policy(name: string): string {
    return this.#use(this.#modules.policies, name);
  }

  /** `at`, for the elements of lists. */
  at(): string {
    return this.#use(this.#modules.refs, 'at');
  }

  /** The default export of a module of content, under a name made from what it defines. */
  default(module: string, defines: string, otherwise: string): string {
    const known = this.#defaults.get(module);
    if (known !== undefined) return known;
    const name = this.#names.make(defines, otherwise);
    this.#defaults.set(module, name);
    return name;
  }

  /** The declarations of what is used, in the order in which the repository's formatter sorts them. */
  declarations(isUsed: (name: string) => boolean): string[] {
    const named = [...this.#named].flatMap(([module, names]) => {
      const used = [...names].filter(isUsed).sort(byName);
      return used.length === 0 ? [] : [{ module, line: `import { ${used.join(', ')} } from ${quoted(module)};` }];
    });
    const defaults = [...this.#defaults]
      .filter(([, name]) => isUsed(name))
      .map(([module, name]) => ({ module, line: `import ${name} from ${quoted(module)};` }));
    const own = [...named, ...defaults].sort((a, b) => byModule(a.module, b.module));
    return [`import { z } from 'zod';`, ...own.map(({ line }) => line)];
  }

  #use(module: string, name: string): string {
    const names = this.#named.get(module) ?? new Set();
    this.#named.set(module, names.add(name));
    return this.#names.claim(name);
  }
}

function byName(a: string, b: string): number {
  return a.localeCompare(b, 'en');
}

/** Packages first, then what is farther away first. */
function byModule(a: string, b: string): number {
  const depth = (module: string) => (module.startsWith('.') ? 1000 - (module.match(/\.\.\//g)?.length ?? 0) : 0);
  return depth(a) - depth(b) || (a < b ? -1 : 1);
}
