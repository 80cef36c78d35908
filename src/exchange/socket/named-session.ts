import type { HeaderLine } from '../../dialects/types.ts';
import type { NamedSession } from '../events.ts';
import type { SessionSettings } from '../settings.ts';

/** Header lines that hold what a provider takes for the client's credential. */
const CREDENTIALS: readonly string[] = ['authorization', 'x-api-key', 'api-key'];

/** Headers that are read for the name of a session, and for the credential that it belongs to. */
export function sessionHeaders({ headers }: SessionSettings): readonly string[] {
  return headers.length === 0 ? [] : [...headers, ...CREDENTIALS];
}

/**
 * The session that the client has named. All its credentials count, so that whoever lacks one of them has another session
 * of the same name.
 *
 * @returns undefined where no header names one, where several lines of the header do, and where there is no credential
 */
export function namedSession(
  settings: SessionSettings,
  headers: readonly HeaderLine[],
): NamedSession | undefined {
  if (settings.headers.length === 0) return undefined;
  const naming = settings.headers.find((name) => headers.some((line) => line.name === name));
  const [line, ...others] = headers.filter(({ name }) => name === naming);
  const name = line?.value.trim() ?? '';
  if (name === '' || others.length > 0) return undefined;
  const credential = CREDENTIALS.flatMap((kind) =>
    headers.filter((header) => header.name === kind).map(({ value }) => `${kind}: ${value.trim()}`),
  );
  const isEmpty = credential.every((text) => text.endsWith(': '));
  return isEmpty ? undefined : { credential: credential.join('\n'), name };
}
