import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { PLACES, REFERENCE_FILE, ReferenceConfig } from '../../tools/envoy/reference.ts';

const config = new ReferenceConfig();
const OVERRIDES = ['typed_per_filter_config', 'envoy.filters.http.ext_proc', 'overrides'] as const;

/** What Tiergate relies on where headers are skipped. */
const HANDSHAKE = [
  'xds.route_name',
  'request.path',
  'request.method',
  'request.id',
  "request.headers['upgrade']",
  "request.headers['authorization']",
];

function extProc(...path: string[]): unknown {
  return config.get([...config.socketExtProc(), ...path]);
}

describe('WebSockets in the shipped envoy.yaml', () => {
  it('are the only upgrade, and go through a chain of their own', () => {
    expect(config.get([...PLACES.manager, 'upgrade_configs'])).toHaveLength(1);
    expect(config.get([...PLACES.manager, 'upgrade_configs', 0])).toMatchObject({
      upgrade_type: 'websocket',
      filters: [{ name: 'envoy.filters.http.ext_proc' }, { name: 'envoy.filters.http.router' }],
    });
    expect(config.get([...config.route(), 'route'])).not.toHaveProperty('upgrade_configs');
  });

  it('fail closed', () => {
    expect(extProc('failure_mode_allow')).toBe(false);
    expect(extProc('status_on_error')).toEqual({ code: 'ServiceUnavailable' });
    expect(extProc('message_timeout')).toBe('5s');
  });

  it('are shown to Tiergate in both directions, without waiting for the reply to the headers', () => {
    expect(extProc('processing_mode')).toEqual({
      request_header_mode: 'SEND',
      request_body_mode: 'STREAMED',
      request_trailer_mode: 'SKIP',
      response_header_mode: 'SEND',
      response_body_mode: 'STREAMED',
      response_trailer_mode: 'SKIP',
    });
    expect(extProc('send_body_without_waiting_for_header_response')).toBe(true);
    expect(extProc('request_attributes')).toEqual(HANDSHAKE);
    expect(extProc('response_attributes')).toEqual(HANDSHAKE);
    expect(extProc('metadata_options', 'receiving_namespaces')).toEqual({ untyped: ['tiergate'] });
  });

  it('hide credentials from Tiergate and let it change what it needs to', () => {
    const hidden = extProc('forward_rules', 'disallowed_headers', 'patterns') as { exact: string }[];
    expect(hidden.map(({ exact }) => exact)).toEqual([
      'cookie',
      'proxy-authorization',
      'sec-websocket-protocol',
    ]);
    const forbidden = new RegExp(
      `^(?:${String(extProc('mutation_rules', 'disallow_expression', 'regex'))})$`,
    );
    for (const name of ['authorization', 'x-api-key', 'sec-websocket-key', 'sec-websocket-protocol']) {
      expect(name).toMatch(forbidden);
    }
    for (const name of ['sec-websocket-extensions', 'x-codex-routing-hint', 'anthropic-beta']) {
      expect(name).not.toMatch(forbidden);
    }
  });

  it('live long on their own route, and end soon', () => {
    expect(config.get([...config.socketRoute(), 'route'])).toMatchObject({
      priority: 'HIGH',
      timeout: '0s',
      idle_timeout: '7200s',
    });
    expect(config.get([...PLACES.manager, 'delayed_close_timeout'])).toBe('0.2s');
    expect(config.get([...PLACES.manager, 'stream_idle_timeout'])).toBe('900s');
  });

  it('have room for limits.sockets, 20000, and take none of what HTTP has', () => {
    const cluster = String(extProc('grpc_service', 'envoy_grpc', 'cluster_name'));
    expect(config.get([...PLACES.tiergateSockets, 'name'])).toBe(cluster);
    const own = config.get([...PLACES.tiergateSockets, 'circuit_breakers', 'thresholds', 0]);
    expect(own).toMatchObject({ max_requests: 20_000, max_connections: 20_000 });
    expect(config.get([...PLACES.provider, 'circuit_breakers', 'thresholds'])).toMatchObject([
      { priority: 'DEFAULT', max_requests: 4096 },
      { priority: 'HIGH', max_requests: 20_000, max_connections: 20_000 },
    ]);
    const monitors = config.get(['overload_manager', 'resource_monitors', 1, 'typed_config']);
    expect(monitors).toMatchObject({ max_active_downstream_connections: 30_000 });
  });

  it('reach the same Tiergate as HTTP does, checked and limited in the same way', () => {
    const sockets = new ReferenceConfig().connect({ port: 8124 }, { port: 8123 });
    for (const part of [
      'load_assignment.endpoints',
      'typed_extension_protocol_options',
      'common_lb_config',
    ]) {
      const path = part.split('.');
      const http = sockets.get([...PLACES.tiergate, ...path]);
      expect(sockets.get([...PLACES.tiergateSockets, ...path])).toEqual(http);
    }
    expect(JSON.stringify(sockets.get(PLACES.tiergateSockets))).toContain('8124');
    expect(sockets.get([...PLACES.tiergateSockets, 'health_checks'])).toEqual(
      sockets.get([...PLACES.tiergate, 'health_checks']),
    );
  });
});

describe('the lines that are commented out', () => {
  it('are all that the head of the file tells to take in', () => {
    const text = readFileSync(REFERENCE_FILE, 'utf8');
    const told = [...text.matchAll(/sed -i 's\/#(\w+)# \/\//g)].map((match) => match[1]);
    expect(told).toEqual(['http2', 'skip']);
    const used = new Set([...text.matchAll(/^ +#(\w+)# /gm)].map((match) => match[1]));
    expect(used).toEqual(new Set(told));
    expect(() => new ReferenceConfig('quic' as 'skip')).toThrow('no option quic');
  });

  it('http2: extended CONNECT, and a key for providers that want one', () => {
    const http2 = new ReferenceConfig('http2');
    expect(http2.get([...PLACES.manager, 'http2_protocol_options', 'allow_connect'])).toBe(true);
    const [added] = http2.get([...http2.socketRoute(), 'request_headers_to_add']) as {
      header: { key: string; value: string };
      append_action: string;
    }[];
    expect(added).toMatchObject({ header: { key: 'sec-websocket-key' }, append_action: 'ADD_IF_ABSENT' });
    expect(Buffer.from(added?.header.value ?? '', 'base64')).toHaveLength(16);
  });

  it('skip: no headers, and the route takes away what Tiergate cannot', () => {
    const skip = new ReferenceConfig('skip');
    expect(skip.get([...skip.socketRoute(), 'request_headers_to_remove'])).toEqual([
      'sec-websocket-extensions',
      'x-codex-routing-hint',
    ]);
    expect(skip.get([...skip.socketRoute(), ...OVERRIDES, 'processing_mode'])).toEqual({
      request_header_mode: 'SKIP',
      request_body_mode: 'STREAMED',
      request_trailer_mode: 'SKIP',
      response_header_mode: 'SKIP',
      response_body_mode: 'STREAMED',
      response_trailer_mode: 'SKIP',
    });
  });
});
