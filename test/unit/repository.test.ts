import { execFileSync } from 'node:child_process';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadWorkers, loadWorkflows } from '../../cli/load-content.ts';
import { servedPackages } from '../../console/server/assets/vendor.ts';

/**
 * The folders from which each folder may import. The longest matching name decides. `cli` and `test` may import everything, and no
 * other folder may import them.
 */
const MAY_IMPORT: Record<string, readonly string[]> = {
  entry: ['core', 'workers', 'workflows', 'mcp'],
  core: ['core'],
  'workers/runtime': ['core', 'workers/runtime'],
  'workers/embed': ['core', 'workers/runtime', 'workers/embed'],
  'workers/effects': ['core', 'workers/effects'],
  'workers/shared': ['workers/shared'],
  'workers/tasks': ['workers/shared'],
  'workers/testing': ['core', 'workers/runtime', 'workers/testing'],
  'workflows/model': ['core', 'workflows/model'],
  'workflows/dsl': ['core', 'workflows/model', 'workflows/dsl'],
  'workflows/lint': ['core', 'workflows/model', 'workflows/lint'],
  'workflows/steps': ['core', 'workflows/model', 'workflows/lint', 'workflows/dsl/system', 'workflows/steps'],
  'workflows/manage': ['core', 'workflows/model', 'workflows/dsl', 'workflows/manage'],
  'workflows/pull': ['core', 'workflows/model', 'workflows/dsl', 'workflows/manage', 'workflows/pull'],
  'workflows/scenario': ['core', 'workflows/model', 'workflows/scenario'],
  'workflows/testing': ['core', 'workflows/manage', 'workflows/scenario', 'workflows/testing'],
  'workflows/diagram': ['core', 'workflows/model', 'workflows/diagram'],
  'workflows/definitions': ['workflows/definitions', 'workers/tasks'],
  'workflows/schedules': ['workflows/definitions'],
  'workflows/event-handlers': ['workflows/definitions'],
  'workflows/templates': ['workflows/templates', 'workers/tasks'],
  'workflows/templates/registry': ['core', 'workflows/scenario', 'workflows/templates/registry'],
  examples: ['core', 'examples'],
  'examples/project': ['examples/project'],
  'console/shared': ['console/shared'],
  'console/parts': ['console/parts', 'console/shared'],
  'console/pages': ['console/pages', 'console/parts', 'console/shared'],
  'console/server': ['core', 'mcp', 'workflows/diagram', 'console/server', 'console/shared'],
  'console/topics': [
    'core',
    'mcp',
    'workflows/diagram',
    'workflows/lint',
    'workflows/manage',
    'workflows/model',
    'console/server',
    'console/shared',
  ],
  mcp: ['core', 'mcp'],
  'mcp/analysis': ['core', 'mcp', 'workflows/model'],
  'mcp/operate': ['core', 'mcp', 'workflows/model', 'workflows/manage'],
  'mcp/authoring': [
    'core',
    'mcp',
    'workflows/model',
    'workflows/lint',
    'workflows/steps',
    'workflows/scenario',
    'workflows/manage',
  ],
  'mcp/tools': ['core', 'mcp', 'workflows'],
  'mcp/resources': ['core', 'mcp', 'workflows'],
  'mcp/prompts': ['core', 'mcp', 'workflows'],
};
const MAX_LINES = 300;
const MAX_FILES_IN_A_FOLDER = 16;

/** Folders that may hold any number of files, and the kind of file that each holds. */
const ONE_KIND_OF_THING: Record<string, string> = {
  '.': 'files that tools expect at the root',
  'cli/commands': 'commands',
  'console/topics': 'topics',
  'docs/adr': 'decisions',
  'mcp/prompts': 'prompts',
  'mcp/resources': 'resources',
  'mcp/tools': 'tools',
  'test/bench/mcp': 'programs',
  'test/chaos': 'the parts of one program',
  'test/e2e': 'tests',
  'test/evals': 'the parts of one program',
  'test/integration': 'tests',
  'test/support': 'code that tests share',
  'test/unit': 'tests',
  'test/unit/tool-definitions': 'stored definitions',
  'workers/tasks': 'workers',
  'workflows/definitions': 'workflow definitions and their scenarios',
  'workflows/templates': 'templates',
};

/** Patterns that match code which depends on the internals of a library, of V8 or of Node's module loader. */
const INSIDES: Record<string, RegExp> = {
  // `_meta` is a field of MCP messages, and `_items` is an input of Conductor.
  'a private member of another object': /(?<!\bthis)[\w)\]!?]\._(?!meta\b|items\b)\w|\[['"]_[a-z]\w*['"]\]/,
  'a patched prototype': /\.prototype\b/,
  'a flag of V8 at run time': /setFlagsFromString/,
  "a hook in Node's module loader": /registerHooks/,
  'a value cast to a type that it does not have': /\bas unknown as\b/,
};
/** Files that may contain matching lines, and the reason. */
const MAY_TOUCH: Record<string, string> = {
  'core/config.ts': 'A loop parses each key with its own schema, which TypeScript cannot follow.',
  'mcp/tools/create-task-definition.ts': 'Lint checks the fields right after the cast.',
  'workers/testing/harness.ts': 'The cast turns a worker of unknown input into a worker of any input.',
  'cli/limit-young-generation.ts': 'The V8 flag saves 40 % of the memory of a worker process (ADR 8).',
};

const layers = Object.keys(MAY_IMPORT).sort((a, b) => b.length - a.length);
const layerOf = (file: string) => layers.find((layer) => file.startsWith(`${layer}/`));
const sources = globSync('{entry,core,workers,workflows,mcp,console,cli,examples}/**/*.ts').sort();
/** Every file that git has committed or does not ignore. */
const tracked = execFileSync('git', ['ls-files', '-co', '--exclude-standard'], { encoding: 'utf8' }).trim().split('\n');
const importsOf = (file: string) =>
  [...readFileSync(file, 'utf8').matchAll(/(?:from|import)\s*\(?'(\.[^']+)'/g)].map(([, path = '']) =>
    normalize(join(dirname(file), path)),
  );

describe('imports', () => {
  test.each(sources.filter((file) => layerOf(file)))(
    '%s imports only from folders that its folder may import',
    (file) => {
      const allowed = MAY_IMPORT[layerOf(file) ?? ''] ?? [];
      const foreign = importsOf(file).filter((target) => !allowed.some((layer) => target.startsWith(`${layer}/`)));
      expect(foreign).toEqual([]);
    },
  );

  const packagesOf = (file: string) =>
    [...readFileSync(file, 'utf8').matchAll(/^(?:import|\}) .*from '([^'.][^']*)';$/gm)]
      .map(([, name = '']) => name)
      .filter((name) => !name.startsWith('node:'));
  const isContent = (file: string) =>
    /^examples\/project\/|^workers\/(tasks|shared)\/|^workflows\/(definitions|schedules|event-handlers|templates(?!\/registry))\//.test(
      file,
    );

  test('P1: the content of this repository imports what a project imports, and no other package', () => {
    const offenders = sources
      .filter(isContent)
      .filter((file) => packagesOf(file).some((name) => !/^conductor-fleet(\/|$)/.test(name)));
    expect(offenders).toEqual([]);
  });

  test('engines import their modules directly, not through the entry', () => {
    const writesSources = ['cli/new/worker-source.ts'];
    const offenders = sources
      .filter((file) => !isContent(file) && !writesSources.includes(file))
      .filter((file) => packagesOf(file).some((name) => name.startsWith('conductor-fleet')));
    expect(offenders).toEqual([]);
  });

  /** The packages that a module loads when it is imported. Imports of types load nothing, and `import(…)` loads later. */
  function packagesLoadedBy(file: string, seen = new Set<string>()): Set<string> {
    const loads = /^(?:import|export)\s+(?!type\b)(?:[^;']*?\sfrom\s+)?'([^']+)';/gm;
    for (const [, name = ''] of readFileSync(file, 'utf8').matchAll(loads)) {
      const target = name.startsWith('.') ? normalize(join(dirname(file), name)) : name;
      if (seen.has(target)) continue;
      seen.add(target);
      if (name.startsWith('.')) packagesLoadedBy(target, seen);
    }
    return new Set([...seen].filter((target) => !/^node:|\.ts$/.test(target)));
  }

  test('P3: importing conductor-fleet/workers loads no MCP server', () => {
    expect(packagesLoadedBy('entry/workers.ts')).toEqual(new Set(['zod']));
  });

  test('code for browsers loads no package that the console does not serve', () => {
    const forBrowsers = sources.filter((file) => /^console\/(shared|parts|pages)\//.test(file));
    const loaded = forBrowsers.flatMap((file) =>
      [...readFileSync(file, 'utf8').matchAll(/(?:from|import)\s*\(?\s*'([^'.][^']*)'/g)].map(([, name = '']) => name),
    );
    expect(new Set(loaded)).toEqual(new Set(servedPackages.keys()));
  });

  test('no other folder imports cli or test', () => {
    const offenders = sources
      .filter((file) => !file.startsWith('cli/'))
      .filter((file) => importsOf(file).some((target) => /^(cli|test)\//.test(target)));
    expect(offenders).toEqual([]);
  });
});

describe('folders', () => {
  const filesIn = Map.groupBy(
    tracked.filter((file) => existsSync(file)),
    (file) => dirname(file),
  );

  test('no folder outside the exceptions holds more than sixteen files', () => {
    const full = [...filesIn]
      .filter(([folder, files]) => files.length > MAX_FILES_IN_A_FOLDER && !(folder in ONE_KIND_OF_THING))
      .map(([folder]) => folder);
    expect(full).toEqual([]);
  });

  test('no file and folder side by side have the same name', () => {
    const folders = new Set(filesIn.keys());
    expect(sources.filter((file) => folders.has(file.replace(/\.ts$/, '')))).toEqual([]);
  });
});

describe('sources', () => {
  test('no file is longer than 300 lines', () => {
    const lines = (file: string) => readFileSync(file, 'utf8').split('\n').length;
    expect([...sources, ...globSync('test/**/*.ts')].filter((file) => lines(file) > MAX_LINES)).toEqual([]);
  });

  test('only core/config.ts reads the environment', () => {
    const readers = sources.filter((file) => /process\.env\b/.test(readFileSync(file, 'utf8')));
    expect(readers).toEqual(['core/config.ts']);
  });

  test('no code depends on the internals of a library, of V8 or of the module loader', () => {
    const offenders = [...sources, 'cli/fleet.js']
      .filter((file) => !(file in MAY_TOUCH))
      .flatMap((file) =>
        readFileSync(file, 'utf8')
          .split('\n')
          .flatMap((line, index) =>
            Object.entries(INSIDES)
              .filter(([, pattern]) => pattern.test(line))
              .map(([what]) => `${file}:${index + 1}: ${what}`),
          ),
      );
    expect(offenders).toEqual([]);
  });

  test('only the command line writes to stdout, because stdout is for results', () => {
    const writers = sources.filter((file) => /console\.\w+\(|process\.stdout/.test(readFileSync(file, 'utf8')));
    expect(writers).toEqual(['cli/main.ts']);
  });

  test('no tracked file contains a secret, the address of a package registry or a path of one machine', () => {
    const forbidden = new RegExp(
      ['registry\\.npm' + 'js', 'repo1?\\.mav' + 'en', 'pypi\\.' + 'org', '/wo' + 'rk/', 'sk-[A-Za-z0-9]{20}'].join(
        '|',
      ),
    );
    expect(tracked.filter((file) => forbidden.test(readFileSync(file, 'utf8')))).toEqual([]);
  });
});

describe('admission', () => {
  test('only admit.ts authorizes, limits the rate and cuts responses', () => {
    const steps = ['authorize', 'rate-limit', 'response-budget'].map((name) => `mcp/admission/${name}.ts`);
    const callers = sources.filter((file) => importsOf(file).some((target) => steps.includes(target)));
    expect(callers).toEqual(['mcp/admission/admit.ts']);
  });

  test('only requests.ts registers request handlers, and it calls admit for each request', () => {
    const registering = sources.filter((file) => /\.setRequestHandler\(/.test(readFileSync(file, 'utf8')));
    expect(registering).toEqual(['mcp/engine/requests.ts']);
  });
});

describe('content', () => {
  test('every task in a workflow has a worker or is a policy', async () => {
    const workers = new Set((await loadWorkers()).map(({ name }) => name));
    const unserved = (await loadWorkflows())
      .flatMap(({ tasks }) => tasks)
      .filter((task) => task.kind === 'task' && !workers.has(task.name));
    expect(unserved).toEqual([]);
  });

  test('every worker and workflow has a description', async () => {
    const named = [...(await loadWorkers()), ...(await loadWorkflows())];
    expect(named.filter(({ description }) => description.length < 10).map(({ name }) => name)).toEqual([]);
  });
});
