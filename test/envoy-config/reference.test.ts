import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { PLACES, REFERENCE_FILE, ReferenceConfig } from '../../tools/envoy/reference.ts';

const MIB = 1024 * 1024;
const config = new ReferenceConfig();

function extProc(...path: string[]): unknown {
  return config.get([...config.extProc(), ...path]);
}

describe('the shipped envoy.yaml', () => {
  it('holds limits.body, 64 MiB, in its three places', () => {
    expect(config.bodyLimitPlaces().map((place) => config.get(place))).toEqual([
      64 * MIB,
      64 * MIB,
      64 * MIB,
    ]);
  });

  it('gives the HTTP/2 connection a window no smaller than the one of its streams', () => {
    const window = config.get([
      ...PLACES.manager,
      'http2_protocol_options',
      'initial_connection_window_size',
    ]);
    expect(window).toBeGreaterThanOrEqual(64 * MIB);
  });

  it('fails closed', () => {
    expect(extProc('failure_mode_allow')).toBe(false);
    expect(extProc('status_on_error')).toEqual({ code: 'ServiceUnavailable' });
  });

  it('lets nothing upstream before the verdict: headers SEND, body BUFFERED', () => {
    expect(extProc('processing_mode')).toMatchObject({
      request_header_mode: 'SEND',
      request_body_mode: 'BUFFERED',
      response_body_mode: 'NONE',
    });
  });

  it('hides cookies and proxy credentials from Tiergate, and lets it change no credential', () => {
    const hidden = extProc('forward_rules', 'disallowed_headers', 'patterns');
    expect(hidden).toEqual([
      { exact: 'cookie', ignore_case: true },
      { exact: 'proxy-authorization', ignore_case: true },
    ]);
    const forbidden = new RegExp(
      `^(?:${String(extProc('mutation_rules', 'disallow_expression', 'regex'))})$`,
    );
    for (const name of ['authorization', 'proxy-authorization', 'x-api-key', 'api-key', 'x-goog-api-key']) {
      expect(name).toMatch(forbidden);
    }
    for (const name of ['content-length', 'content-encoding', 'anthropic-beta', 'x-codex-routing-hint']) {
      expect(name).not.toMatch(forbidden);
    }
  });

  it('keeps a connection to Tiergate under the 1,000 resets after which Node drops it', () => {
    const options = config.get([...PLACES.tiergate, 'typed_extension_protocol_options']);
    expect(options).toMatchObject({
      'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
        common_http_protocol_options: { max_requests_per_connection: 900 },
      },
    });
  });

  it('repeats neither requests nor handshakes', () => {
    for (const route of [config.route(), config.socketRoute()]) {
      expect(config.get([...route, 'route'])).not.toHaveProperty('retry_policy');
    }
  });

  it('listens on loopback only', () => {
    const text = readFileSync(REFERENCE_FILE, 'utf8').replaceAll(/#.*$/gm, '');
    const addresses = [...text.matchAll(/address: (\d[\d.]*)/g)].map((match) => match[1]);
    expect(addresses).toHaveLength(4);
    expect(new Set(addresses)).toEqual(new Set(['127.0.0.1']));
  });
});

describe('edits of the reference', () => {
  it('fail where the place is not in the file', () => {
    const edited = new ReferenceConfig();
    expect(() => edited.set([...PLACES.listener, 'gone'], 1)).toThrow('static_resources.listeners.0.gone');
    expect(() => edited.get(['gone'])).toThrow('envoy.yaml has no gone');
    expect(() => edited.remove(['gone'])).toThrow('envoy.yaml has no gone');
    expect(() => edited.add(['admin'], 1)).toThrow('already');
    expect(() => edited.add(['gone', 'more'], 1)).toThrow('envoy.yaml has no gone');
  });

  it('connect the parts and leave the rest of the text as it is', () => {
    const edited = new ReferenceConfig().connect({ socket: '/run/tiergate.sock' }, { port: 8123 });
    const text = edited.toString();
    expect(text).toContain('path: /run/tiergate.sock');
    expect(text).toContain('port_value: 8123');
    expect(text).not.toContain('port_value: 50051');
    expect(text.split('\n').length).toBeGreaterThan(200);
  });
});
