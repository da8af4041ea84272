import type { Config } from '../../../config.ts';
import { FleetError } from '../../../errors.ts';
import { hasDockerImage } from '../docker-container.ts';
import type { Progress } from '../progress.ts';
import { findJar } from './find-jar.ts';
import { findJava } from './find-java.ts';
import { release } from './release.ts';
import { findUnpacked, unpack } from './unpack.ts';

/** The program to run as the server. */
export type Program = { kind: 'jar'; java: string; jar: string } | { kind: 'docker' };

/** The functions that find each part. Tests pass their own. */
export interface Sources {
  findJava: typeof findJava;
  findJar: typeof findJar;
  findUnpacked: typeof findUnpacked;
  unpack: typeof unpack;
  hasDockerImage: typeof hasDockerImage;
}

const realSources: Sources = { findJava, findJar, findUnpacked, unpack, hasDockerImage };

/**
 * Finds the server's jar and a java program that runs it, else a Docker image. Searches for Java first, because the jar of half a gigabyte
 * is useless without it.
 * @throws FleetError that says what is missing and lists the remedies
 */
export async function findProgram(config: Config, progress: Progress, sources = realSources): Promise<Program> {
  const java = await sources.findJava(config, progress.signal).catch((error: unknown) => {
    if (error instanceof FleetError && error.code === 'environment') return error;
    throw error;
  });
  if (typeof java === 'string') {
    const jar = await jarToRun(java, config, progress, sources);
    if (jar !== undefined) return { kind: 'jar', java, jar };
  } else if (config.conductorJar !== undefined) throw java;
  else progress.note(java.message);
  if (await sources.hasDockerImage(progress)) return { kind: 'docker' };
  throw typeof java === 'string' ? noServer() : java;
}

/** Prefers an unpacked server: the check of a boot jar reads half a gigabyte. A configured jar is always checked. */
async function jarToRun(java: string, config: Config, progress: Progress, sources: Sources) {
  const before = config.conductorJar === undefined ? await sources.findUnpacked(config) : undefined;
  if (before !== undefined) return before;
  const jar = await sources.findJar(config, progress);
  return jar === undefined ? undefined : sources.unpack(jar, java, config, progress);
}

function noServer(): FleetError {
  return new FleetError('environment', `Conductor ${release.version} could not be found or fetched.`, {
    remedy: [
      'Do one of these:',
      '  1. set CONDUCTOR_SERVER_URL to a Conductor server that runs;',
      `  2. set CONDUCTOR_JAR to its boot jar (Maven artifact ${release.artifact});`,
      '  3. install Maven (mvn) and let it reach a Maven repository: the jar is then fetched once;',
      `  4. start a Docker engine that has the image ${release.image} or can pull it.`,
    ].join('\n'),
  });
}
