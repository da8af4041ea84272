import { auditSettings } from './audit-settings.ts';
import { conductorSettings } from './conductor-settings.ts';
import { contentSettings } from './content-settings.ts';
import { loggingSettings } from './logging-settings.ts';
import { mcpAccessSettings } from './mcp-access/mcp-access-settings.ts';
import { mcpAuthSettings } from './mcp-auth-settings.ts';
import { mcpSettings } from './mcp-settings.ts';
import { observeSettings } from './observe-settings.ts';
import { serverSettings } from './server-settings.ts';
import type { Setting } from './setting.ts';
import { workersSettings } from './workers-settings.ts';

export { type Group, groups, type Setting } from './setting.ts';

/**
 * Every setting of the product. No setting is declared anywhere else. Types, flags, environment variables, the keys of the configuration
 * file, validation and `docs/configuration.md` all follow from this table.
 */
export const settings = {
  ...conductorSettings,
  ...serverSettings,
  ...workersSettings,
  ...observeSettings,
  ...mcpSettings,
  ...mcpAuthSettings,
  ...auditSettings,
  ...mcpAccessSettings,
  ...contentSettings,
  ...loggingSettings,
} as const satisfies Record<string, Setting>;

export type SettingName = keyof typeof settings;

/** The same table as a list of `[key, setting]`, in its order. */
export const settingList = Object.entries(settings) as [SettingName, Setting][];
