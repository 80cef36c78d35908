import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { formatPath } from '../policy/faults.ts';
import type { PlacedFault } from '../storage/faults.ts';
import type { Places } from '../storage/yaml-places.ts';
import { crossFindings, type ValidSections } from './cross-checks.ts';
import { parseYaml } from './document.ts';
import { type Environment, FILE_VARIABLE, readEnvironment } from './environment.ts';
import { jsonSchemaOf } from './json-schema.ts';
import { scalarKeys } from './keys.ts';
import { overlay, type VariableOrigin } from './overlay.ts';
import { isRecord, valueAt } from './records.ts';
import { configurationSchema, type Settings } from './schema.ts';
import { type Finding, findingsOf, issueMessage } from './wording.ts';

/** A configuration that was read and is valid. */
export interface Configuration {
  /** Files are absolute paths. */
  readonly settings: Settings;
  /** The file that was read; undefined where there is none, and all is default or environment. */
  readonly file: string | undefined;
  /** Whether `policy.file` was named and is not just the default: then its absence is a fault. */
  readonly policyFileNamed: boolean;
}

/** The configuration, or everything that is wrong with it. */
export type LoadResult =
  | { readonly ok: true; readonly configuration: Configuration }
  | { readonly ok: false; readonly faults: readonly PlacedFault[] };

/** Where the configuration comes from. */
export interface LoadOptions {
  /** The file that the command line names; else `TIERGATE_CONFIG`, else `tiergate.yaml` where that exists. */
  readonly file?: string | undefined;
  readonly environment: Environment;
  /** Left out: that of the process. */
  readonly workingDirectory?: string;
}

/** Read where neither the command line nor the environment names a file; may be absent. */
const DEFAULT_FILE = 'tiergate.yaml';

const schema = jsonSchemaOf(configurationSchema);
const keys = scalarKeys(schema);

const READ_REMEDIES: Readonly<Record<string, string>> = {
  ENOENT: 'Check the name, or leave it out to start with the defaults.',
  EISDIR: 'Name the file, not its directory.',
  EACCES: 'Let this user read it.',
};

interface SourceText {
  readonly file: string | undefined;
  readonly text: string;
}

function readSource(named: string | undefined, workingDirectory: string): SourceText | PlacedFault {
  const file = named ?? DEFAULT_FILE;
  try {
    return { file, text: readFileSync(resolve(workingDirectory, file), 'utf8') };
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    if (named === undefined && code === 'ENOENT') return { file: undefined, text: '' };
    const remedy = READ_REMEDIES[code] ?? 'Check the file and its file system.';
    return { file, path: '', message: `cannot read the configuration (${code})`, remedy };
  }
}

/** Everything that is wrong with a document, or the settings that it gives. */
function validate(document: unknown): { findings: readonly Finding[]; settings: Settings | undefined } {
  const parsed = configurationSchema.safeParse(document, { error: issueMessage });
  const issues = parsed.error?.issues ?? [];
  const findings = [...findingsOf(issues, document, schema)];
  let sections: ValidSections = parsed.data ?? {};
  if (!parsed.success && isRecord(document)) {
    const broken = new Set(issues.map((issue) => issue.path[0]));
    for (const [name, section] of Object.entries(configurationSchema.shape)) {
      if (broken.has(name)) continue;
      sections = { ...sections, [name]: section.parse(document[name]) };
    }
  }
  findings.push(...crossFindings(document, sections));
  return { findings, settings: findings.length === 0 ? parsed.data : undefined };
}

function place(
  { path, message, remedy, name }: Finding,
  source: { file: string | undefined; places: Places; origins: readonly VariableOrigin[] },
): PlacedFault {
  const fault = { path: formatPath(path), message, remedy };
  const origin = source.origins.find((candidate) =>
    candidate.path.every((part, index) => part === path[index]),
  );
  if (origin !== undefined) return { variable: origin.variable, ...fault };
  if (source.file === undefined) return fault;
  return {
    file: source.file,
    ...(name ? source.places.ofName(path) : source.places.ofValue(path)),
    ...fault,
  };
}

/** Top to bottom in the file, then the variables. */
function byPlace(left: PlacedFault, right: PlacedFault): number {
  const last = Number.MAX_SAFE_INTEGER;
  return (left.line ?? last) - (right.line ?? last) || (left.column ?? 0) - (right.column ?? 0);
}

/** Makes files absolute: from the directory of the configuration file, those of variables from the working one. */
function resolveFiles(
  document: unknown,
  bases: { file: string; variable: string },
  origins: readonly VariableOrigin[],
) {
  const values = keys
    .filter((key) => key.node.path === true)
    .flatMap((key) => {
      const path = key.path.join('.');
      const value = valueAt(document, key.path);
      const byVariable = origins.some((origin) => origin.path.join('.') === path);
      const text = value === undefined ? key.node.default : value;
      if (typeof text !== 'string' || text === '') return [];
      return [{ key, variable: '', value: resolve(byVariable ? bases.variable : bases.file, text) }];
    });
  return overlay(document, values, keys).document;
}

/**
 * Reads the configuration: the file, the environment over it, defaults for the rest. Never throws for what they
 * hold: every fault is named, with its file, line and column or its variable.
 */
export function loadConfiguration(options: LoadOptions): LoadResult {
  const workingDirectory = options.workingDirectory ?? process.cwd();
  const environment = readEnvironment(keys, options.environment);
  const source = readSource(options.file ?? options.environment[FILE_VARIABLE], workingDirectory);
  if ('message' in source) return { ok: false, faults: [source, ...environment.faults] };

  const parsed = parseYaml(source.text, source.file ?? DEFAULT_FILE);
  if (parsed.faults.length > 0) return { ok: false, faults: [...parsed.faults, ...environment.faults] };

  const { document, origins } = overlay(parsed.value, environment.values, keys);
  const directory =
    source.file === undefined ? workingDirectory : dirname(resolve(workingDirectory, source.file));
  const resolved = resolveFiles(document, { file: directory, variable: workingDirectory }, origins);
  const { findings, settings } = validate(resolved);
  const placed = findings.map((found) => place(found, { file: source.file, places: parsed.places, origins }));
  const faults = [...placed.sort(byPlace), ...environment.faults];
  if (settings === undefined || faults.length > 0) return { ok: false, faults };
  const policyFileNamed = valueAt(document, ['policy', 'file']) !== undefined;
  return { ok: true, configuration: { settings, file: source.file, policyFileNamed } };
}
