import { describe, expect, it } from 'vitest';
import {
  createEnvoyDouble,
  inProcess,
  type ScriptedRequest,
  VIOLATIONS,
  type ViolationCode,
  ViolationError,
} from '../../src/testkit/index.ts';
import { BEHAVIOURS } from './cases/index.ts';
import type { Behaviour } from './support/behaviour.ts';
import { setHeaders } from './support/good-server.ts';
import { scripted } from './support/scripted-server.ts';

const BUFFERED = { requestBody: 'BUFFERED', responseHeaders: 'SKIP' } as const;

/** Sends a request to a server that breaks the contract, and gives the error with which the run fails. */
async function failure(
  behaviour: Pick<Behaviour, 'options' | 'server'> & { request: ScriptedRequest },
): Promise<ViolationError> {
  const envoy = createEnvoyDouble({ ...behaviour.options, server: inProcess(behaviour.server) });
  const error: unknown = await envoy.exchange(behaviour.request).then(
    () => new Error('the run did not fail'),
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(ViolationError);
  return error as ViolationError;
}

const BREACHES = BEHAVIOURS.filter(({ violations = [] }) => violations.length > 0);

describe('a breach fails the run', () => {
  it.each(BREACHES.map((behaviour) => [behaviour.name, behaviour] as const))(
    '%s',
    async (_name, behaviour) => {
      const { violations, message } = await failure(behaviour);
      expect(violations.map(({ code }) => code)).toEqual(behaviour.violations);
      for (const { code, message: words } of violations) {
        expect(words.length).toBeGreaterThan(10);
        expect(message).toContain(`- ${code}: ${words}`);
      }
    },
  );

  it('shows every code of the catalogue', () => {
    const shown = new Set<ViolationCode>(BREACHES.flatMap(({ violations = [] }) => violations));
    expect([...shown].sort()).toEqual(Object.keys(VIOLATIONS).sort());
  });

  it('of a content-length that is set without a body edit and does not fit', async () => {
    const server = scripted({
      request_headers: {
        requestHeaders: { response: { headerMutation: setHeaders(['content-length', '9']) } },
      },
    });
    const { violations } = await failure({ options: BUFFERED, server, request: { body: 'abc' } });
    expect(violations.map(({ code }) => code)).toEqual(['content_length_mismatch']);
  });

  it('of an edit to the same length without content-length', async () => {
    const body = { requestBody: { response: { bodyMutation: { body: Buffer.from('xyz') } } } };
    const { violations } = await failure({
      options: BUFFERED,
      server: scripted({ request_body: body }),
      request: { body: 'abc' },
    });
    expect(violations.map(({ code }) => code)).toEqual(['content_length_missing']);
  });

  it('of every fault of one reply', async () => {
    const headerMutation = {
      setHeaders: [
        { header: { key: 'x-a', value: '1' }, appendAction: 'OVERWRITE_IF_EXISTS' },
        { header: { key: 'x-b', value: '2' } },
        { header: { key: ':scheme', rawValue: Buffer.from('https') } },
      ],
      removeHeaders: [':path'],
    };
    const { violations } = await failure({
      options: BUFFERED,
      server: scripted({ request_headers: { requestHeaders: { response: { headerMutation } } } }),
      request: { body: 'abc' },
    });
    expect(violations.map(({ code }) => code)).toEqual([
      'header_edit_ignored',
      'header_set_through_value',
      'append_action_used',
      'header_set_through_value',
      'header_edit_ignored',
    ]);
  });

  it('never with the body in its words', async () => {
    const secret = 'sk-live-secret';
    const body = { requestBody: { response: { bodyMutation: { body: Buffer.from(`${secret}!`) } } } };
    const { message } = await failure({
      options: BUFFERED,
      server: scripted({ request_body: body }),
      request: { body: secret },
    });
    expect(message).not.toContain(secret);
  });
});
