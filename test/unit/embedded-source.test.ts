import { describe, expect, it } from 'vitest';
import { findProgram, type Sources } from '../../core/conductor/embedded/install/find-program.ts';
import { loadConfig } from '../../core/config.ts';
import { FleetError } from '../../core/errors.ts';

const noJava = new FleetError('environment', 'No Java 21 or newer was found.', { remedy: 'Install one.' });

function search(
  has: { java?: boolean; jar?: boolean; unpacked?: boolean; image?: boolean },
  env: Record<string, string> = {},
) {
  const asked: string[] = [];
  const sources: Sources = {
    async findJava() {
      asked.push('java');
      if (!has.java) throw noJava;
      return '/jdk/bin/java';
    },
    async findJar() {
      asked.push('jar');
      return has.jar ? '/cache/server.jar' : undefined;
    },
    async findUnpacked() {
      asked.push('unpacked');
      return has.unpacked ? '/cache/before/server.jar' : undefined;
    },
    async unpack(jar) {
      return jar.replace('.jar', '/unpacked.jar');
    },
    async hasDockerImage() {
      asked.push('docker');
      return has.image ?? false;
    },
  };
  const progress = { note: () => undefined, signal: new AbortController().signal };
  return { asked, found: findProgram(loadConfig({ env }).config, progress, sources) };
}

describe('the search for a server program', () => {
  it('with Java and a jar, the search uses the jar and does not ask Docker', async () => {
    const { asked, found } = search({ java: true, jar: true, image: true });
    expect(await found).toEqual({ kind: 'jar', java: '/jdk/bin/java', jar: '/cache/server/unpacked.jar' });
    expect(asked).toEqual(['java', 'unpacked', 'jar']);
  });

  it('if the jar was unpacked before, the search uses the unpacked jar and does not look for the boot jar', async () => {
    const { asked, found } = search({ java: true, unpacked: true });
    expect(await found).toEqual({ kind: 'jar', java: '/jdk/bin/java', jar: '/cache/before/server.jar' });
    expect(asked).toEqual(['java', 'unpacked']);
  });

  it('if a jar is configured, the search checks and uses this jar, even if an unpacked jar exists', async () => {
    const { asked, found } = search({ java: true, jar: true, unpacked: true }, { CONDUCTOR_JAR: 'server.jar' });
    expect(await found).toMatchObject({ jar: '/cache/server/unpacked.jar' });
    expect(asked).toEqual(['java', 'jar']);
  });

  it('if no jar can be found, the search uses Docker', async () => {
    expect(await search({ java: true, image: true }).found).toEqual({ kind: 'docker' });
  });

  it('if there is no Java, the search uses Docker and fetches no jar', async () => {
    const { asked, found } = search({ jar: true, image: true });
    expect(await found).toEqual({ kind: 'docker' });
    expect(asked).toEqual(['java', 'docker']);
  });

  it('if a jar is configured, the search never uses Docker', async () => {
    await expect(search({ image: true }, { CONDUCTOR_JAR: 'server.jar' }).found).rejects.toBe(noJava);
  });

  it('if neither a jar nor Docker is found, the error offers four solutions', async () => {
    await expect(search({ java: true }).found).rejects.toMatchObject({
      code: 'environment',
      remedy: expect.stringMatching(/CONDUCTOR_SERVER_URL.*CONDUCTOR_JAR.*Maven.*Docker/s),
    });
  });

  it('if only Java is missing, the error is about Java', async () => {
    await expect(search({ jar: true }).found).rejects.toBe(noJava);
  });
});
