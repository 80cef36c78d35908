import { Pool } from 'undici';

/** What became of the requests. */
export interface TrafficResult {
  readonly answered: number;
  /** Outcomes other than 200, and how often each came. */
  readonly failures: ReadonlyMap<string, number>;
}

/**
 * Sends the same request again and again, on some connections at once, until it is told to stop.
 *
 * @returns what stops it, with the result
 */
export function startTraffic(port: number, connections: number, body: string): () => Promise<TrafficResult> {
  const pool = new Pool(`http://127.0.0.1:${port}`, { connections, pipelining: 1 });
  const failures = new Map<string, number>();
  let running = true;
  let answered = 0;
  const send = async (): Promise<string> => {
    const answer = await pool.request({ path: '/v1/responses', method: 'POST', body });
    const text = await answer.body.text();
    return answer.statusCode === 200 ? '' : `${answer.statusCode} ${text}`;
  };
  const worker = async (): Promise<void> => {
    while (running) {
      const failure = await send().catch(String);
      if (failure === '') answered += 1;
      else failures.set(failure, (failures.get(failure) ?? 0) + 1);
    }
  };
  const workers = Array.from({ length: connections }, worker);
  return async () => {
    running = false;
    await Promise.all(workers);
    await pool.close();
    return { answered, failures };
  };
}
