import { anthropicMessages } from './anthropic-messages.ts';
import { anthropicVertex } from './anthropic-vertex.ts';
import { openAiChat } from './openai-chat.ts';
import { openAiRealtime } from './openai-realtime.ts';
import { openAiResponses } from './openai-responses.ts';
import { compilePathPattern } from './path-pattern.ts';
import type { Dialect } from './types.ts';

/** One API: its dialect, or only its name where it is known and cannot be judged yet. */
export interface DialectRow {
  readonly name: string;
  readonly dialect: Dialect | undefined;
  /** Patterns of `path-pattern.ts` that stand for this API without any configuration. */
  readonly paths: readonly string[];
}

function judged(dialect: Dialect, ...paths: readonly string[]): DialectRow {
  return { name: dialect.name, dialect, paths };
}

function notYet(name: string, ...paths: readonly string[]): DialectRow {
  return { name, dialect: undefined, paths };
}

/** Every API that is known by its path. A new dialect is one line here. */
export const dialectRows: readonly DialectRow[] = [
  judged(openAiResponses, '/responses', '/responses/compact'),
  judged(openAiChat, '/chat/completions'),
  judged(anthropicMessages, '/messages'),
  judged(
    anthropicVertex,
    '/publishers/anthropic/models/{id}:rawPredict',
    '/publishers/anthropic/models/{id}:streamRawPredict',
  ),
  judged(openAiRealtime, '/realtime'),
  notYet('openai-live', '/live/sessions'),
  notYet('bedrock', '/model/{id}/invoke*', '/model/{id}/converse*'),
  notYet('gemini', ':generateContent', ':streamGenerateContent'),
];

/** What the table says of a path. */
export type DialectOfPath =
  | { readonly kind: 'dialect'; readonly dialect: Dialect }
  /** A known API whose dialect does not exist yet: refused, never passed. */
  | { readonly kind: 'unsupported'; readonly name: string };

/** The dialects of `rows`, by name and by path; the first row with a pattern that fits decides. */
export class DialectTable {
  readonly #byName = new Map<string, Dialect>();
  readonly #patterns: { readonly fits: (path: string) => boolean; readonly result: DialectOfPath }[] = [];

  constructor(rows: readonly DialectRow[]) {
    for (const { name, dialect, paths } of rows) {
      if (dialect !== undefined) this.#byName.set(name, dialect);
      const result: DialectOfPath =
        dialect === undefined ? { kind: 'unsupported', name } : { kind: 'dialect', dialect };
      for (const path of paths) this.#patterns.push({ fits: compilePathPattern(path), result });
    }
  }

  /** The dialect with this name; undefined where there is none. */
  byName(name: string): Dialect | undefined {
    return this.#byName.get(name);
  }

  /** @param path in normal form: query cut, percent-decoded, dot segments removed, ASCII lower case */
  byPath(path: string): DialectOfPath | undefined {
    return this.#patterns.find(({ fits }) => fits(path))?.result;
  }
}

/** The built-in dialects. */
export const dialectTable = new DialectTable(dialectRows);
