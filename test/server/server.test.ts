import { createPrivateKey } from 'node:crypto';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { credentials } from '@grpc/grpc-js';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { createEnvoyDouble, type EnvoyDouble, grpcConnector } from '../../src/testkit/index.ts';
import { startTestServer, type TestServer, temporaryDirectory } from './support.ts';

const BODY = '{"model":"gpt-5.5","service_tier":"fast","input":"hi"}';
const REQUEST = { method: 'POST', path: '/v1/responses', body: BODY };

function envoyFor(server: TestServer): EnvoyDouble {
  const envoy = createEnvoyDouble({
    server: server.addresses.grpc,
    requestBody: 'BUFFERED',
    receivingNamespaces: ['tiergate'],
  });
  onTestFinished(() => envoy.close());
  return envoy;
}

async function scrape(server: TestServer): Promise<string> {
  return (await fetch(`http://${server.addresses.ops}/metrics`)).text();
}

describe('startServer', () => {
  it('judges requests with the built-in policy, and tells log, metrics and Envoy', async () => {
    const server = await startTestServer();
    const result = await envoyFor(server).exchange(REQUEST);
    expect(result.upstream.text).toBe('{"model":"gpt-5.5","input":"hi"}');
    expect(result.metadata['tiergate']).toMatchObject({ action: 'filter' });
    expect(server.log).toContainEqual(
      expect.objectContaining({ decision: expect.objectContaining({ action: 'filter', rule: 'rule-1' }) }),
    );
    const metrics = await scrape(server);
    expect(metrics).toMatch(/tiergate_decisions_total\{.*action="filter",tier="priority".*\} 1/);
    expect(metrics).toContain('tiergate_streams_opened_total 1');
    expect(metrics).toContain('tiergate_held_bytes 0');
    expect(metrics).toContain('tiergate_enforcing 1');
    expect(JSON.stringify(server.log)).not.toContain('"hi"');
  });

  it('puts a changed policy file in force for the next request, and keeps it while a bad one stands there', async () => {
    const server = await startTestServer();
    const envoy = envoyFor(server);
    const file = join(server.directory, 'policy.json');
    writeFileSync(file, '{"rules":[{"service_tier":"all","action":"block","scope":"all"}]}');
    await vi.waitFor(() => expect(server.policy.current()?.revision).toBe(1), { timeout: 10_000 });
    expect((await envoy.exchange(REQUEST)).client.status).toBe(403);
    writeFileSync(file, '{"rules":[{"action":"blok","scope":"all"}]}');
    await vi.waitFor(() => expect(server.policy.status().faults).toHaveLength(1), { timeout: 10_000 });
    expect((await envoy.exchange(REQUEST)).client.status).toBe(403);
    const ready = await fetch(`http://${server.addresses.ops}/readyz`);
    expect(ready.status).toBe(200);
    expect(await ready.json()).toMatchObject({
      checks: { policy: 'stored, revision 1', policy_faults: expect.stringContaining('rules[0].action') },
    });
    const metrics = await scrape(server);
    expect(metrics).toContain('tiergate_policy_degraded 1');
    expect(metrics).toContain('tiergate_policy_load_faults_total 1');
    expect(metrics).toContain('tiergate_policy_revision 1');
    expect(server.log).toContainEqual(
      expect.objectContaining({ level: 'error', msg: 'the newest policy cannot be used' }),
    );
  });

  it('answers 503 on governed paths where the policy cannot be read, and becomes ready when it can', async () => {
    const server = await startTestServer({ TIERGATE_POLICY_FILE: 'absent.json' });
    const envoy = envoyFor(server);
    const refused = await envoy.exchange(REQUEST);
    expect(refused.client.status).toBe(503);
    expect(refused.details).toBe('tiergate_policy_unavailable');
    expect((await envoy.exchange({ ...REQUEST, path: '/v1/embeddings' })).upstream.text).toBe(BODY);
    expect((await fetch(`http://${server.addresses.ops}/readyz`)).status).toBe(503);
    writeFileSync(join(server.directory, 'absent.json'), '{"rules":[]}');
    await vi.waitFor(() => expect(server.readiness().ready).toBe(true), { timeout: 10_000 });
    expect((await envoy.exchange(REQUEST)).client.status).toBe(200);
  });

  it.each([
    [{ TIERGATE_POLICY_ENFORCEMENT: 'report' }],
    [{ TIERGATE_POLICY_FILE: 'absent.json', TIERGATE_POLICY_ON_UNAVAILABLE: 'open' }],
  ])('changes nothing under %j, and shows it', async (environment) => {
    const server = await startTestServer(environment);
    expect((await envoyFor(server).exchange(REQUEST)).upstream.text).toMatch('"service_tier":"');
    expect(await scrape(server)).toContain('tiergate_enforcing 0');
    expect(server.readiness().checks['enforcement']).toBe('report');
    expect(server.log).toContainEqual(
      expect.objectContaining({ decision: expect.objectContaining({ action: 'filter', enforced: false }) }),
    );
  });

  it('refuses what does not fit into limits.held_total with 503 and retry-after, and takes it afterwards', async () => {
    const server = await startTestServer({
      TIERGATE_LIMITS_HELD_TOTAL: '100KiB',
      TIERGATE_LIMITS_BODY: '100KiB',
    });
    const envoy = createEnvoyDouble({ server: server.addresses.grpc, requestBody: 'FULL_DUPLEX_STREAMED' });
    onTestFinished(() => envoy.close());
    const request = { ...REQUEST, body: JSON.stringify({ input: 'x'.repeat(50_000) }) };
    const slow = envoy.open({ method: 'POST', path: '/v1/responses' });
    slow.sendClientBytes('x'.repeat(60_000));
    await vi.waitFor(async () => expect(await scrape(server)).toMatch(/tiergate_held_bytes [6-9]\d{4}/), {
      timeout: 10_000,
    });
    const refused = await envoy.exchange(request);
    expect(refused.client).toMatchObject({ status: 503, origin: 'server' });
    expect(refused.client.headers).toContainEqual(['retry-after', '1']);
    expect(JSON.parse(refused.client.text)).toMatchObject({ error: { code: 'overloaded' } });
    expect(refused.upstream.contact).toBe('never');
    slow.disconnect();
    await vi.waitFor(async () => expect(await scrape(server)).toContain('tiergate_held_bytes 0\n'), {
      timeout: 10_000,
    });
    expect((await envoy.exchange(request)).client.status).toBe(200);
  });

  it('refuses a message that it never read under report as well, records it, and writes one line of many', async () => {
    const server = await startTestServer({
      TIERGATE_LIMITS_HELD_TOTAL: '100KiB',
      TIERGATE_LIMITS_BODY: '100KiB',
      TIERGATE_POLICY_ENFORCEMENT: 'report',
    });
    const envoy = envoyFor(server);
    const body = JSON.stringify({ input: 'x'.repeat(102_000) });
    const request = { ...REQUEST, path: '/v1/messages', body };
    const holder = createEnvoyDouble({ server: server.addresses.grpc, requestBody: 'FULL_DUPLEX_STREAMED' });
    onTestFinished(() => holder.close());
    holder.open({ method: 'POST', path: '/v1/responses' }).sendClientBytes('x'.repeat(30_000));
    await vi.waitFor(async () => expect(await scrape(server)).toMatch(/tiergate_held_bytes [3-9]\d{4}/), {
      timeout: 10_000,
    });
    for (const _attempt of [1, 2, 3]) {
      const refused = await envoy.exchange(request);
      expect(refused.client).toMatchObject({ status: 503, origin: 'server' });
      expect(refused.client.headers).toContainEqual(['retry-after', '1']);
      expect(JSON.parse(refused.client.text)).toMatchObject({ error: { type: 'overloaded_error' } });
    }
    const decision = {
      dialect: 'anthropic-messages',
      code: 'overloaded',
      enforced: true,
      enforcement: 'report',
    };
    expect(server.log).toContainEqual(
      expect.objectContaining({ decision: expect.objectContaining(decision) }),
    );
    expect(await scrape(server)).toContain('tiergate_overloads_total 3');
    expect(server.log.filter(({ msg }) => String(msg).startsWith('limits.held_total is reached'))).toEqual([
      expect.objectContaining({ left_out: 0 }),
    ]);
  });

  it('records the tier that was served where observe_served_tier asks for it', async () => {
    const server = await startTestServer({ TIERGATE_OBSERVE_SERVED_TIER: 'true' });
    const envoy = createEnvoyDouble({
      server: server.addresses.grpc,
      requestBody: 'BUFFERED',
      responseBody: 'STREAMED',
    });
    onTestFinished(() => envoy.close());
    const body = '{"id":"r","service_tier":"default"}';
    const response = { headers: { 'content-type': 'application/json' }, body };
    expect((await envoy.exchange({ ...REQUEST, response })).client.text).toBe(body);
    const decision = expect.objectContaining({ action: 'filter', tier_served: 'default' });
    await vi.waitFor(() => expect(server.log).toContainEqual(expect.objectContaining({ decision })));
  });

  it('ends the streams of a misconfigured Envoy and logs the remedy once', async () => {
    const server = await startTestServer();
    const envoy = createEnvoyDouble({ server: server.addresses.grpc, requestBody: 'NONE' });
    onTestFinished(() => envoy.close());
    const result = await envoy.exchange(REQUEST);
    expect(result.serverStatus).toMatchObject({
      code: 9,
      details: expect.stringContaining('request_body_mode'),
    });
    for (const _more of [1, 2]) await envoy.exchange(REQUEST);
    expect(await scrape(server)).toContain('tiergate_streams_ended_total{end="misconfigured"} 3');
    const lines = server.log.filter(({ msg }) => msg === 'Envoy is misconfigured; the stream was ended');
    expect(lines).toEqual([expect.objectContaining({ left_out: 0 })]);
  });

  it('listens on a Unix socket with the mode of the configuration, and takes it away at the end', async () => {
    const path = join(temporaryDirectory(), 'ext_proc.sock');
    const server = await startTestServer({
      TIERGATE_LISTEN_GRPC: `unix:${path}`,
      TIERGATE_LISTEN_GRPC_MODE: '0640',
      TIERGATE_LISTEN_OPS: 'off',
    });
    expect(server.addresses).toEqual({ grpc: `unix:${path}`, ops: undefined });
    expect(statSync(path).mode & 0o777).toBe(0o640);
    expect((await envoyFor(server).exchange(REQUEST)).client.status).toBe(200);
    await server.close();
    expect(existsSync(path)).toBe(false);
  });

  it('drains: a request that runs is answered, and then it is closed', async () => {
    const server = await startTestServer({ TIERGATE_LIMITS_DRAIN: '10s' });
    const envoy = createEnvoyDouble({ server: server.addresses.grpc, requestBody: 'FULL_DUPLEX_STREAMED' });
    onTestFinished(() => envoy.close());
    const running = envoy.open({ method: 'POST', path: '/v1/responses' });
    running.sendClientBytes(BODY.slice(0, 20));
    await vi.waitFor(async () => expect(await scrape(server)).toContain('tiergate_held_bytes 20\n'), {
      timeout: 10_000,
    });
    const drained = server.drain();
    running.sendClientBytes(BODY.slice(20), true);
    expect(await running.until(() => running.upstreamComplete)).toBe(true);
    running.sendUpstreamHeaders(200, {}, true);
    expect((await running.closed).upstream.text).toBe('{"model":"gpt-5.5","input":"hi"}');
    await drained;
    await expect(fetch(`http://${server.addresses.ops}/healthz`)).rejects.toThrow();
    expect((await envoy.exchange(REQUEST)).client).toMatchObject({ status: 500, origin: 'envoy' });
  });
});

describe('TLS', () => {
  const fixtures = join(import.meta.dirname, '..', 'extproc', 'transport', 'fixtures');
  const tls = {
    TIERGATE_TLS_GRPC_CERT: join(fixtures, 'server.pem'),
    TIERGATE_TLS_GRPC_CLIENT_CA: join(fixtures, 'ca.pem'),
  };

  function encryptedKey(directory: string): string {
    const key = createPrivateKey(readFileSync(join(fixtures, 'server.key.pem')));
    const file = join(directory, 'encrypted.pem');
    writeFileSync(
      file,
      key.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'sesame' }),
    );
    return file;
  }

  it('reads an encrypted key with its passphrase, and asks clients for a certificate', async () => {
    const directory = temporaryDirectory();
    const passphrase = join(directory, 'passphrase');
    writeFileSync(passphrase, 'sesame\n');
    const key = encryptedKey(directory);
    const server = await startTestServer({
      ...tls,
      TIERGATE_TLS_GRPC_KEY: key,
      TIERGATE_TLS_GRPC_KEY_PASSPHRASE_FILE: passphrase,
    });
    const pem = (name: string): Buffer => readFileSync(join(fixtures, name));
    const envoy = createEnvoyDouble({
      server: grpcConnector(server.addresses.grpc, {
        credentials: credentials.createSsl(pem('ca.pem'), pem('client.key.pem'), pem('client.pem')),
        channelOptions: { 'grpc.ssl_target_name_override': 'localhost' },
      }),
      requestBody: 'BUFFERED',
    });
    onTestFinished(() => envoy.close());
    expect((await envoy.exchange(REQUEST)).upstream.text).toBe('{"model":"gpt-5.5","input":"hi"}');
  });

  it('refuses a wrong passphrase without showing it', async () => {
    const key = encryptedKey(temporaryDirectory());
    const starting = startTestServer({
      ...tls,
      TIERGATE_TLS_GRPC_KEY: key,
      TIERGATE_TLS_GRPC_KEY_PASSPHRASE: 'wrong-word',
    });
    await expect(starting).rejects.toThrow(
      /^tls\.grpc\.key cannot be opened with tls\.grpc\.key_passphrase: check both$/,
    );
  });
});
