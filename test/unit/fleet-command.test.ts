import { globSync } from 'node:fs';
import { basename } from 'node:path';
import { expect, test } from 'vitest';
import { asTyped, commandNames, fleetCommand } from '../../core/messages/fleet-command.ts';

test('every command has its name in the list', () => {
  const files = globSync('cli/commands/*.ts').map((file) => basename(file, '.ts'));
  expect([...commandNames].sort()).toEqual(files.sort());
});

test('in an installed package, messages and help name the commands as a person types them there', () => {
  const typed = (text: string) => asTyped(text, 'npx fleet');
  expect(typed('Start one: fleet work. Or `fleet server start`; see "fleet audit --help".')).toBe(
    'Start one: npx fleet work. Or `npx fleet server start`; see "npx fleet audit --help".',
  );
  expect(typed('Usage: fleet [options] [command]\n  fleet up      start\n  fleet <command> --help')).toBe(
    'Usage: npx fleet [options] [command]\n  npx fleet up      start\n  npx fleet <command> --help',
  );
  const others =
    'npx fleet apply; the fleet that owns it; /a/fleet status; conductor-fleet run; .fleet/audit; fleet.json';
  expect(typed(others)).toBe(others);
  expect(fleetCommand).toBe('fleet');
  expect(asTyped('fleet up')).toBe('fleet up');
});
