import { type SettingName, settings } from './settings.ts';

/**
 * Names a setting in a message, for both readers: who runs a command sets the variable, who wrote a program passes the option.
 * @example named('rateLimitRpm') // RATE_LIMIT_RPM (in code: rateLimitRpm)
 */
export function named(name: SettingName): string {
  return `${settings[name].env} (in code: ${name})`;
}
