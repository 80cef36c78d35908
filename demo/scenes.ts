import { gzipSync, zstdCompressSync } from 'node:zlib';

/** The policy of the demo. */
export const POLICY = {
  rules: [
    {
      name: 'no-fast-lane',
      service_tier: 'priority',
      action: 'filter',
      scope: 'all',
      model_whitelist: ['gpt-5.5', 'claude-*'],
      fallback_action: 'pass',
    },
    {
      name: 'no-ultrafast',
      service_tier: 'ultrafast',
      action: 'block',
      scope: 'all',
      error_message: '{tier} is not open to this team, ask the platform team',
    },
  ],
};

/** One request of the demo and what is told about it; the demo fails where it is not so. */
export interface Scene {
  readonly title: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** The body as a person would write it. */
  readonly text: string;
  /** The content coding of the body as sent. */
  readonly encode?: (text: string) => Buffer;
  readonly status: number;
  /** The body that the provider gets; undefined where nothing reaches it. */
  readonly upstream: string | Buffer | undefined;
  /** Headers that the provider gets; undefined for one that it must not get. */
  readonly upstreamHeaders?: Readonly<Record<string, string | undefined>>;
  /** Tiergate's action, or undefined where it has nothing to judge. */
  readonly action: string | undefined;
}

const encodedFlex = zstdCompressSync('{"model":"gpt-5.5","service_tier":"flex","input":"hi"}');

export const SCENES: readonly Scene[] = [
  {
    title: 'priority is taken out; every other byte stays',
    path: '/v1/responses',
    text: '{"model":"gpt-5.5","service_tier":"priority","input":"hi"}',
    status: 200,
    upstream: '{"model":"gpt-5.5","input":"hi"}',
    action: 'filter',
  },
  {
    title: 'a model that is not on the list may ask it; the alias "fast" becomes the word on the wire',
    path: '/v1/chat/completions',
    text: '{"model":"gpt-5-mini","service_tier":"fast","messages":[]}',
    status: 200,
    upstream: '{"model":"gpt-5-mini","service_tier":"priority","messages":[]}',
    action: 'pass',
  },
  {
    title: 'flex has no rule: untouched, with all its odd spaces',
    path: '/v1/responses',
    text: '{ "service_tier" : "flex",   "model":"gpt-5.5" }',
    status: 200,
    upstream: '{ "service_tier" : "flex",   "model":"gpt-5.5" }',
    action: 'pass',
  },
  {
    title: 'ultrafast is blocked, with the words of the rule',
    path: '/v1/responses',
    text: '{"model":"gpt-5.5","service_tier":"ultrafast","input":"hi"}',
    status: 403,
    upstream: undefined,
    action: 'block',
  },
  {
    title: 'Anthropic asks by "speed"',
    path: '/v1/messages',
    text: '{"model":"claude-opus-4-6","speed":"fast","max_tokens":64,"messages":[]}',
    status: 200,
    upstream: '{"model":"claude-opus-4-6","max_tokens":64,"messages":[]}',
    action: 'filter',
  },
  {
    title: '... and by a header: the token of fast mode goes, the other one stays',
    path: '/v1/messages',
    headers: { 'anthropic-beta': 'context-1m-2025-08-07,fast-mode-2026-02-01' },
    text: '{"model":"claude-opus-4-6","max_tokens":64,"messages":[]}',
    status: 200,
    upstream: '{"model":"claude-opus-4-6","max_tokens":64,"messages":[]}',
    upstreamHeaders: { 'anthropic-beta': 'context-1m-2025-08-07' },
    action: 'filter',
  },
  {
    title: 'a gzip body is read too; once edited it goes on plain',
    path: '/v1/responses',
    headers: { 'content-encoding': 'gzip' },
    text: '{"model":"gpt-5.5","service_tier":"priority","input":"hi"}',
    encode: (text) => gzipSync(text),
    status: 200,
    upstream: '{"model":"gpt-5.5","input":"hi"}',
    upstreamHeaders: { 'content-encoding': undefined },
    action: 'filter',
  },
  {
    title: 'a zstd body that may pass keeps its bytes',
    path: '/v1/responses',
    headers: { 'content-encoding': 'zstd' },
    text: '{"model":"gpt-5.5","service_tier":"flex","input":"hi"}',
    encode: () => encodedFlex,
    status: 200,
    upstream: encodedFlex,
    upstreamHeaders: { 'content-encoding': 'zstd' },
    action: 'pass',
  },
  {
    title: 'what cannot be read for sure is refused: broken JSON',
    path: '/v1/responses',
    text: '{"model":"gpt-5.5","service_tier":"priority"',
    status: 400,
    upstream: undefined,
    action: 'refuse',
  },
  {
    title: '... and a tier that is asked twice',
    path: '/v1/responses',
    text: '{"model":"gpt-5.5","service_tier":"flex","service_tier":"priority"}',
    status: 400,
    upstream: undefined,
    action: 'refuse',
  },
  {
    title: 'other paths are none of its business',
    path: '/v1/embeddings',
    text: '{"model":"text-embedding-3-small","input":"service_tier"}',
    status: 200,
    upstream: '{"model":"text-embedding-3-small","input":"service_tier"}',
    action: undefined,
  },
];
