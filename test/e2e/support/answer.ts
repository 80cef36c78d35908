/** A complete HTTP answer as any of the clients reports it. */
export interface Answer {
  readonly status: number;
  /** Names in lower case; the last line of a name wins. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Buffer;
}

/** The parsed JSON of an answer. @throws SyntaxError where it is none */
export function json(answer: Answer): unknown {
  return JSON.parse(answer.body.toString('utf8'));
}
