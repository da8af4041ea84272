import { type Config, type Environment, type LoadedConfig, loadConfig } from '../config.ts';
import { FleetError } from '../errors.ts';
import type { Logger } from '../log.ts';
import { nearest } from '../nearest.ts';

/**
 * What every embedded part takes: how it reaches the Conductor server, and what it gets from its host. Each setting has the name and the
 * default that it has in the configuration file. `docs/configuration.md` describes all of them.
 */
export interface HostOptions {
  /** Address of the Conductor server, such as `http://127.0.0.1:8080/api`. `/api` is added if it is missing. */
  readonly conductorServerUrl?: string | undefined;
  /** Key id, for servers that require a token. */
  readonly conductorAuthKey?: string | undefined;
  /** The secret that belongs to `conductorAuthKey`. */
  readonly conductorAuthSecret?: string | undefined;
  /** PEM file of the authority that signed the certificate of an https server. Default: the authorities that Node trusts. */
  readonly conductorTlsCaPath?: string | undefined;
  /** PEM file of the client certificate, for servers that require one. */
  readonly conductorTlsCertPath?: string | undefined;
  /** PEM file of the private key that belongs to `conductorTlsCertPath`. */
  readonly conductorTlsKeyPath?: string | undefined;
  /** Proxy for the connection to the server. The address may contain a user name and password. */
  readonly conductorProxyUrl?: string | undefined;
  /** Longest wait for one answer of the server, in milliseconds. Default: 30000. */
  readonly requestTimeoutMs?: number | undefined;
  /**
   * Environment variables to read settings from: pass the `env` of `node:process` to use those of the process. An option of the same
   * setting wins. Default: none, so that nothing outside of the code changes the settings.
   */
  readonly env?: Environment | undefined;
  /** Takes the log lines. A logger of pino fits. Default: nothing is logged. */
  readonly log?: Logger | undefined;
}

/** The fields of `HostOptions`. The compiler reports a field that is missing here. */
const HOST_OPTIONS: Record<keyof HostOptions, true> = {
  conductorServerUrl: true,
  conductorAuthKey: true,
  conductorAuthSecret: true,
  conductorTlsCaPath: true,
  conductorTlsCertPath: true,
  conductorTlsKeyPath: true,
  conductorProxyUrl: true,
  requestTimeoutMs: true,
  env: true,
  log: true,
};

/** The fields that an embedded part takes beside those of `HostOptions`. The compiler reports a missing field. */
export type OwnOptions<T extends HostOptions> = Record<Exclude<keyof T, keyof HostOptions>, true>;

/** The settings of an embedded part. The address of the server is known. */
export type HostedConfig = Config & { readonly conductorServerUrl: string };

/**
 * Checks the options of a function such as `createWorkers` and completes them with defaults.
 * @throws FleetError `config` if an option does not exist or has a wrong value, or if no option names the server
 */
export function configOfHost<T extends HostOptions>(
  functionName: string,
  options: T,
  own: OwnOptions<T>,
): { config: HostedConfig; notices: LoadedConfig['notices'] } {
  const known = Object.keys({ ...HOST_OPTIONS, ...own });
  for (const name of Object.keys(options)) {
    if (known.includes(name)) continue;
    const near = nearest(name, known);
    throw new FleetError('config', `"${name}" is not an option of ${functionName}.`, {
      remedy: near ? `Did you mean "${near}"?` : `The options are ${known.join(', ')}.`,
    });
  }
  const { config, notices } = loadConfig({ env: options.env ?? {}, options });
  const { conductorServerUrl } = config;
  if (conductorServerUrl !== undefined) return { config: { ...config, conductorServerUrl }, notices };
  throw new FleetError('config', `${functionName} was not told which Conductor server to use.`, {
    remedy:
      "Pass its address, such as conductorServerUrl: 'http://127.0.0.1:8080/api'. Or pass an env that has CONDUCTOR_SERVER_URL.",
  });
}
