import { readFileSync } from 'node:fs';
import type { z } from 'zod';
import { FleetError } from './errors.ts';
import { nearest } from './nearest.ts';
import { zodPath, zodSentences } from './schema/zod-sentences.ts';
import { named } from './settings/named.ts';
import { type Setting, type SettingName, settingList, settings } from './settings/settings.ts';
import { workerTypesOf } from './settings/worker-type.ts';

/** The final values of all settings. If `conductorServerUrl` is set, it ends in `/api`. */
export type Config = { readonly [K in SettingName]: z.output<(typeof settings)[K]['schema']> };

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Environment variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

export interface ConfigSources {
  /** Values of flags by setting name, as commander returns them. */
  flags?: Readonly<Record<string, unknown>>;
  env?: Environment;
  /** Path of a JSON file whose keys are setting names. */
  file?: string | undefined;
  /** Values that a program passes in its code, by setting name. They win over every other source. */
  options?: Readonly<Partial<Record<SettingName, unknown>>>;
  /** Values that follow from the project in the current folder, by setting name. Every other source wins over them. */
  project?: Readonly<Partial<Record<SettingName, unknown>>>;
}

export interface LoadedConfig {
  config: Config;
  /** Sentences for the user about values that were changed or guessed. */
  notices: string[];
}

interface Given {
  value: unknown;
  /** Where the value was given, as the user wrote it: `--port`, `MCP_PORT`, `"mcpPort" in fleet.json`. */
  from: string;
  text: boolean;
}

/**
 * Resolves all settings. A flag wins over the environment, the environment over the file, the file over
 * the project, the project over the default.
 * @throws FleetError `config` that lists every mistake, not just the first
 */
export function loadConfig({
  flags = {},
  env = processEnvironment(),
  file,
  options = {},
  project = {},
}: ConfigSources = {}): LoadedConfig {
  const mistakes: string[] = [];
  const notices: string[] = [];
  const fromFile = file === undefined ? {} : readConfigFile(file, mistakes);
  const config: Record<string, unknown> = {};

  for (const [name, setting] of settingList) {
    const given =
      fromOptions(name, options) ?? firstGiven(name, setting, flags, env, fromFile, file) ?? fromProject(name, project);
    const value = given?.text ? fromText(given.value, setting.kind) : given?.value;
    const parsed = setting.schema.safeParse(value);
    if (parsed.success) config[name] = parsed.data;
    else mistakes.push(describeMistake(parsed.error, value, { setting, from: given?.from ?? setting.env }));
  }

  notices.push(...misspelled(env));
  const types = workerTypesOf(env, mistakes, notices);
  if (mistakes.length > 0) {
    throw new FleetError('config', mistakes.join('\n'), {
      remedy: 'Every setting is described in docs/configuration.md.',
    });
  }
  const url = config.conductorServerUrl;
  if (typeof url === 'string') config.conductorServerUrl = withApiPath(url, notices);
  const loaded = config as unknown as Mutable<Config>; // each key was parsed by its own schema above
  loaded.workers = mergeTypes(loaded.workers, types);
  if ((loaded.conductorAuthKey === undefined) !== (loaded.conductorAuthSecret === undefined)) {
    throw new FleetError(
      'config',
      `Only one of ${named('conductorAuthKey')} and ${named('conductorAuthSecret')} is set.`,
      {
        remedy: 'Set both, or neither for a server without authentication.',
      },
    );
  }
  return { config: Object.freeze(loaded), notices };
}

/** The names of variables that guard the MCP server. Other programs use names of this form too, so an unknown name is not an error. */
const GUARDING = /^(MCP|RATE_LIMIT)_/;

/** A misspelled variable has no effect, and a server that should be guarded would be open without a word. */
function misspelled(env: Environment): string[] {
  const known = settingList.map(([, { env: name }]) => name);
  const unknown = Object.keys(env).filter((name) => GUARDING.test(name) && !known.includes(name));
  return unknown.flatMap((name) => {
    const meant = nearest(name, known);
    return meant === undefined ? [] : [`${name} is not a setting and has no effect. Did you mean ${meant}?`];
  });
}

/** Adds the environment's settings of task types to those of the file. If both set the same property, the environment wins. */
function mergeTypes(known: Config['workers'], given: Config['workers']): Config['workers'] {
  const merged = { ...known };
  for (const [name, type] of Object.entries(given)) merged[name] = { ...merged[name], ...type };
  return merged;
}

/** The environment of this process. No other code reads it. */
export function processEnvironment(): Environment {
  return process.env;
}

/**
 * Unsets the named variables, runs `fn`, and sets them again. It is for libraries that prefer the environment to their arguments. `fn` must
 * read the environment before its first await.
 */
export function withoutEnvironment<T>(names: readonly string[], fn: () => T): T {
  const kept = names.map((name) => [name, process.env[name]] as const);
  for (const name of names) delete process.env[name];
  try {
    return fn();
  } finally {
    for (const [name, value] of kept) if (value !== undefined) process.env[name] = value;
  }
}

/** The flag without its value's name: `--port` of `--port <port>`. */
export function flagName(setting: Setting): string | undefined {
  return setting.flag?.split(' ')[0];
}

function firstGiven(
  name: SettingName,
  setting: Setting,
  flags: Readonly<Record<string, unknown>>,
  env: Environment,
  fromFile: Readonly<Record<string, unknown>>,
  file: string | undefined,
): Given | undefined {
  const flag = flags[name];
  if (flag !== undefined) return { value: flag, from: flagName(setting) ?? name, text: typeof flag === 'string' };
  const variable = env[setting.env];
  if (variable !== undefined && variable !== '') return { value: variable, from: setting.env, text: true };
  if (Object.hasOwn(fromFile, name)) return { value: fromFile[name], from: `"${name}" in ${file}`, text: false };
  return undefined;
}

function fromOptions(name: SettingName, options: NonNullable<ConfigSources['options']>): Given | undefined {
  return options[name] === undefined ? undefined : { value: options[name], from: name, text: false };
}

function fromProject(name: SettingName, project: NonNullable<ConfigSources['project']>): Given | undefined {
  if (project[name] === undefined) return undefined;
  return { value: project[name], from: 'the project in the current folder', text: false };
}

function fromText(value: unknown, kind: Setting['kind']): unknown {
  const text = String(value).trim();
  switch (kind) {
    case 'text':
      return text;
    case 'number':
      return text === '' || Number.isNaN(Number(text)) ? text : Number(text);
    case 'boolean':
      return WORDS_FOR_BOOLEANS[text.toLowerCase()] ?? text;
    case 'list':
      return text
        .split(',')
        .map((item) => item.trim())
        .filter((item) => item !== '');
    case 'json':
      try {
        return JSON.parse(text);
      } catch {
        return text;
      }
  }
}

const WORDS_FOR_BOOLEANS: Readonly<Record<string, boolean>> = {
  ...{ '1': true, true: true, yes: true, on: true },
  ...{ '0': false, false: false, no: false, off: false },
};

function describeMistake(
  error: z.ZodError,
  value: unknown,
  { setting, from }: { setting: Setting; from: string },
): string {
  const nameOf = (path: readonly PropertyKey[]) => zodPath(path, from);
  const [sentence] = zodSentences(error, value, { nameOf, hidesValues: setting.secret === true });
  return `${sentence} ${setting.description}`;
}

function readConfigFile(file: string, mistakes: string[]): Record<string, unknown> {
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(file, 'utf8'));
  } catch (cause) {
    throw new FleetError('config', `Cannot read the configuration file ${file}: ${(cause as Error).message}`, {
      remedy: 'Name a readable JSON file behind --config, e.g. {"mcpPort": 3001}.',
      cause,
    });
  }
  if (typeof content !== 'object' || content === null || Array.isArray(content)) {
    throw new FleetError('config', `${file} does not hold a JSON object.`, {
      remedy: 'Write an object whose keys are settings, e.g. {"mcpPort": 3001}.',
    });
  }
  for (const key of Object.keys(content)) {
    if (Object.hasOwn(settings, key)) continue;
    const near = nearest(key, Object.keys(settings));
    mistakes.push(`"${key}" in ${file} is not a setting.${near ? ` Did you mean "${near}"?` : ''}`);
  }
  return content as Record<string, unknown>;
}

function withApiPath(url: string, notices: string[]): string {
  const parsed = new URL(url);
  parsed.pathname = parsed.pathname.replace(/\/+$/, '');
  if (!parsed.pathname.endsWith('/api')) {
    parsed.pathname = `${parsed.pathname.replace(/\/$/, '')}/api`;
    notices.push(`${named('conductorServerUrl')} does not end in /api; using ${parsed.origin}${parsed.pathname}.`);
  }
  return `${parsed.origin}${parsed.pathname}`;
}
