import { type Configuration, loadConfiguration } from '../config/load.ts';
import { formatFaults, type PlacedFault } from '../storage/faults.ts';
import type { Arguments } from './command.ts';
import type { Terminal } from './terminal.ts';

/** Writes faults where `--json` or a person reads them. */
export function showFaults(terminal: Terminal, json: boolean, faults: readonly PlacedFault[]): void {
  if (json) terminal.out(`${JSON.stringify({ ok: false, faults }, undefined, 2)}\n`);
  else terminal.error(formatFaults(faults));
}

/** The configuration that the command line and the environment name; undefined after its faults were shown. */
export function configurationFor(given: Arguments, terminal: Terminal): Configuration | undefined {
  const result = loadConfiguration({
    file: given.value('config'),
    environment: terminal.environment,
    workingDirectory: terminal.workingDirectory,
  });
  if (result.ok) return result.configuration;
  showFaults(terminal, given.has('json'), result.faults);
  return undefined;
}
