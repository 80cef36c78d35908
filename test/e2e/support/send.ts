import { randomUUID } from 'node:crypto';
import { request } from 'undici';
import type { Answer } from './answer.ts';

export interface SendOptions {
  readonly path?: string;
  readonly method?: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

/** An answer, and the name under which the mock provider finds the request. */
export interface Sent extends Answer {
  readonly name: string;
}

/** A name for one request; sent as the header `x-case`. */
export function caseName(): string {
  return randomUUID();
}

/** Sends an ordinary request over HTTP/1.1, by default a POST of JSON to `/v1/responses`. */
export async function send(port: number, options: SendOptions = {}): Promise<Sent> {
  const name = caseName();
  const answer = await request(`http://127.0.0.1:${port}${options.path ?? '/v1/responses'}`, {
    method: options.method ?? 'POST',
    headers: { 'content-type': 'application/json', 'x-case': name, ...options.headers },
    body: options.body ?? null,
    // One connection for each request, so that no test depends on what another has left behind.
    reset: true,
  });
  const headers = new Map(Object.entries(answer.headers).map(([key, value]) => [key, String(value)]));
  return { name, status: answer.statusCode, headers, body: Buffer.from(await answer.body.arrayBuffer()) };
}
