import { readFileSync } from 'node:fs';
import type { PlacedFault } from '../storage/faults.ts';
import { alternatives, type ScalarKey } from './keys.ts';
import { nearest } from './nearest.ts';

/** The variable that names the configuration file. */
export const FILE_VARIABLE = 'TIERGATE_CONFIG';

const PREFIX = 'TIERGATE_';
const FILE_SUFFIX = '_FILE';

/** Most characters of a file with a secret. */
const MAX_SECRET_LENGTH = 65_536;

/**
 * Variables that Kubernetes sets in every pod for a Service whose name starts with `tiergate`
 * (https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables).
 */
const SERVICE_LINK =
  /^TIERGATE(_[A-Z0-9_]+)?_(SERVICE_HOST|SERVICE_PORT(_[A-Z0-9_]+)?|PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)$/;
const SERVICE_LINK_PORT = /^TIERGATE(_[A-Z0-9_]+)?_PORT$/;

/** A value that a variable gives to a key. */
export interface VariableValue {
  readonly key: ScalarKey;
  readonly variable: string;
  readonly value: unknown;
}

/** Environment variables by name, as in `process.env`. */
export type Environment = Readonly<Record<string, string | undefined>>;

function isServiceLink(name: string, value: string): boolean {
  return SERVICE_LINK.test(name) || (SERVICE_LINK_PORT.test(name) && /^(tcp|udp|sctp):\/\//.test(value));
}

/** The text of a variable as the key's type: whole numbers and true/false where the key takes them. */
function typed(text: string, key: ScalarKey): unknown {
  const types = alternatives(key.node).map((node) => node.type);
  if (types.includes('integer') && /^\d{1,15}$/.test(text)) return Number(text);
  if (types.includes('boolean') && (text === 'true' || text === 'false')) return text === 'true';
  return text;
}

function readSecret(variable: string, file: string): { value: string } | { fault: PlacedFault } {
  try {
    const value = readFileSync(file, 'utf8').replace(/\r?\n$/, '');
    if (value.length <= MAX_SECRET_LENGTH) return { value };
    const message = `the file has more than ${MAX_SECRET_LENGTH} characters`;
    return { fault: { variable, path: '', message, remedy: 'Name a file that holds the secret only.' } };
  } catch (error) {
    const message = `cannot read the file: ${(error as NodeJS.ErrnoException).code}`;
    return { fault: { variable, path: '', message, remedy: 'Name a file that this process may read.' } };
  }
}

/**
 * The keys that the environment sets. Every scalar key has a variable; a secret one also takes `…_FILE`, the name of
 * a file that holds it (one newline at its end is cut). A variable that starts with `TIERGATE_` and is no key's
 * is a fault, as a misspelled one would otherwise be without effect.
 */
export function readEnvironment(
  keys: readonly ScalarKey[],
  environment: Environment,
): { readonly values: readonly VariableValue[]; readonly faults: readonly PlacedFault[] } {
  const plain = new Map(keys.map((key) => [key.variable, key]));
  const files = new Map(
    keys.filter((key) => key.node.secret === true).map((key) => [`${key.variable}${FILE_SUFFIX}`, key]),
  );
  const values: VariableValue[] = [];
  const faults: PlacedFault[] = [];
  for (const [variable, text] of Object.entries(environment)) {
    if (text === undefined || !variable.startsWith(PREFIX) || variable === FILE_VARIABLE) continue;
    const key = plain.get(variable);
    const fileKey = files.get(variable);
    if (key !== undefined) values.push({ key, variable, value: typed(text, key) });
    else if (fileKey !== undefined) {
      const path = fileKey.path.join('.');
      if (environment[fileKey.variable] !== undefined) {
        const message = `is set together with ${fileKey.variable}`;
        faults.push({ variable, path, message, remedy: 'Unset one of the two.' });
        continue;
      }
      const secret = readSecret(variable, text);
      if ('fault' in secret) faults.push({ ...secret.fault, path });
      else values.push({ key: fileKey, variable, value: secret.value });
    } else if (!isServiceLink(variable, text)) {
      const meant = nearest(variable, [...plain.keys(), ...files.keys(), FILE_VARIABLE]);
      const remedy =
        meant === undefined
          ? 'Unset it; docs/configuration.md lists the variables'
          : `Did you mean ${meant}?`;
      faults.push({ variable, path: '', message: 'no key of the configuration has this variable', remedy });
    }
  }
  return { values, faults };
}
