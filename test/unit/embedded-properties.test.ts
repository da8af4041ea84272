import { describe, expect, it } from 'vitest';
import { dataFolder } from '../../core/conductor/embedded/data-folder.ts';
import { containerArguments, fromInsideContainer } from '../../core/conductor/embedded/docker-container.ts';
import { javaArguments, serverEnvironment, serverProperties } from '../../core/conductor/embedded/server-properties.ts';
import { loadConfig } from '../../core/config.ts';

const environment = {
  PATH: '/bin',
  LANG: 'de_DE.UTF-8',
  OPENAI_API_KEY: 'sk-1',
  ANTHROPIC_API_KEY: '',
  CONDUCTOR_SECRET_x: 'hidden',
  AWS_SECRET_ACCESS_KEY: 'unrelated',
};

describe('the properties of the server', () => {
  const options = { database: '/d/conductor.db', secrets: false, synchronous: 'normal' } as const;

  it('the properties set the sync mode for every connection of the database', () => {
    const url = (synchronous: 'normal' | 'full') =>
      new URL(serverProperties({ ...options, synchronous })['spring.datasource.url']?.slice('jdbc:'.length) ?? '');
    expect(url('normal').searchParams.get('synchronous')).toBe('NORMAL');
    expect(url('full').searchParams.get('synchronous')).toBe('FULL');
  });

  it('by default, the properties switch secrets and environment variables off', () => {
    const off = serverProperties(options);
    expect(off).toMatchObject({ 'conductor.secrets.type': 'noop', 'conductor.environment.type': 'noop' });
    const on = serverProperties({ ...options, secrets: true });
    expect(Object.keys(on).filter((name) => /secrets|environment/.test(name))).toEqual([]);
  });

  it('the properties name the scripted model provider only if it runs', () => {
    expect(Object.keys(serverProperties(options)).join()).not.toContain('litellm');
    expect(serverProperties({ ...options, llmBaseUrl: 'http://127.0.0.1:1/llm' })).toMatchObject({
      'conductor.ai.litellm.base-url': 'http://127.0.0.1:1/llm',
    });
  });

  it('a server from a jar listens only on the loopback address', () => {
    const args = javaArguments({ jar: 's.jar', memory: '1g', marks: ['-Da=b'], port: 8080, properties: { x: 'y' } });
    expect(args).toEqual(expect.arrayContaining(['-Xmx1g', '-Da=b', '--server.address=127.0.0.1', '--x=y']));
    expect(args.indexOf('-Da=b')).toBeLessThan(args.indexOf('-jar'));
  });
});

describe('the environment of the server', () => {
  it('the environment contains the provider keys of the settings, but none of our other settings', () => {
    const { config } = loadConfig({ env: environment });
    expect(serverEnvironment(config, environment)).toEqual({
      PATH: '/bin',
      LANG: 'de_DE.UTF-8',
      OPENAI_API_KEY: 'sk-1',
    });
  });

  it('the environment contains the secrets of workflows if secrets are switched on', () => {
    const { config } = loadConfig({ env: environment, flags: { serverSecrets: true } });
    expect(serverEnvironment(config, environment)).toMatchObject({ CONDUCTOR_SECRET_x: 'hidden' });
  });

  it('the environment has a locale in which Java can read any path', () => {
    expect(serverEnvironment(loadConfig({ env: {} }).config, {})).toEqual({ LANG: 'C.UTF-8' });
  });
});

describe('the container of the server', () => {
  const { config } = loadConfig({ env: {} });
  const options = { config, environment: {}, folder: dataFolder('/data'), instance: 'i', port: 8081 };

  it('the container is published on the loopback address only, and its arguments contain no key', () => {
    const args = containerArguments(options, ['OPENAI_API_KEY']);
    expect(args).toContain('--publish=127.0.0.1:8081:8080');
    expect(args).toContain('--env=OPENAI_API_KEY');
  });

  it('the container reaches this machine as host.docker.internal', () => {
    expect(fromInsideContainer('http://127.0.0.1:8090/llm')).toBe('http://host.docker.internal:8090/llm');
    expect(fromInsideContainer('https://models.example/v1')).toBe('https://models.example/v1');
  });
});
