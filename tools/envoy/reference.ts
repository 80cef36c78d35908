import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Document, isNode, parseDocument } from 'yaml';

/** Path of the configuration that the project ships. */
export const REFERENCE_FILE = resolve(import.meta.dirname, '../../envoy.yaml');

/** A loopback address, or a Unix socket. */
export type Endpoint = { readonly port: number } | { readonly socket: string };

/** How the request body goes to Tiergate; each with the settings that the comments of the reference name for it. */
export type RequestMode = 'BUFFERED' | 'FULL_DUPLEX_STREAMED' | 'STREAMED';

/** Lines of the reference that are commented out and belong together: `#http2# ` and `#skip# ` stand before them. */
export type Option = 'http2' | 'skip';

/** How a WebSocket goes to Tiergate: members of `processing_mode` of the WebSocket chain. */
export interface SocketModes {
  readonly request_header_mode?: 'SEND' | 'SKIP';
  readonly response_header_mode?: 'SEND' | 'SKIP';
  readonly request_body_mode?: 'STREAMED' | 'FULL_DUPLEX_STREAMED' | 'BUFFERED' | 'NONE';
  readonly response_body_mode?: 'STREAMED' | 'FULL_DUPLEX_STREAMED' | 'BUFFERED' | 'NONE';
  readonly request_trailer_mode?: 'SEND' | 'SKIP';
  readonly response_trailer_mode?: 'SEND' | 'SKIP';
}

/** A place in the configuration: member names and array indices. */
export type ConfigPath = readonly (string | number)[];

/** Places of the reference that tests and tools change or compare. */
export const PLACES = {
  adminPort: ['admin', 'address', 'socket_address', 'port_value'],
  listener: ['static_resources', 'listeners', 0],
  manager: ['static_resources', 'listeners', 0, 'filter_chains', 0, 'filters', 0, 'typed_config'],
  tiergate: ['static_resources', 'clusters', 0],
  tiergateSockets: ['static_resources', 'clusters', 1],
  provider: ['static_resources', 'clusters', 2],
} as const satisfies Record<string, ConfigPath>;

const PROTOCOL_OPTIONS = [
  'typed_extension_protocol_options',
  'envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
] as const;

/** The settings of the ext_proc filter for one route. */
const OVERRIDES = ['typed_per_filter_config', 'envoy.filters.http.ext_proc', 'overrides'] as const;

const ENDPOINT = ['load_assignment', 'endpoints', 0, 'lb_endpoints', 0, 'endpoint', 'address'] as const;

/**
 * The shipped `envoy.yaml`, with edits: what the project ships is what it tests. A path that is not in the file any more
 * is an error, so that an edit never misses in silence.
 */
export class ReferenceConfig {
  readonly #document: Document;

  /** @param options whose lines are taken in, as the `sed` lines at the head of the file do */
  constructor(...options: readonly Option[]) {
    this.#document = parseDocument(withOptions(readFileSync(REFERENCE_FILE, 'utf8'), options));
    const fault = this.#document.errors[0];
    if (fault !== undefined) throw fault;
  }

  /** The plain value at a place. @throws Error where there is none */
  get(path: ConfigPath): unknown {
    if (!this.#document.hasIn(path)) throw new Error(`envoy.yaml has no ${path.join('.')}`);
    const value: unknown = this.#document.getIn(path);
    return isNode(value) ? value.toJS(this.#document) : value;
  }

  /** Replaces a value. @throws Error where there is none */
  set(path: ConfigPath, value: unknown): this {
    if (!this.#document.hasIn(path)) throw new Error(`envoy.yaml has no ${path.join('.')}`);
    this.#document.setIn(path, this.#document.createNode(value));
    return this;
  }

  /** Adds a member to a mapping that is there. @throws Error where the member exists or its parent does not */
  add(path: ConfigPath, value: unknown): this {
    if (this.#document.hasIn(path)) throw new Error(`envoy.yaml has ${path.join('.')} already`);
    if (!this.#document.hasIn(path.slice(0, -1)))
      throw new Error(`envoy.yaml has no ${path.slice(0, -1).join('.')}`);
    this.#document.setIn(path, this.#document.createNode(value));
    return this;
  }

  /** Takes a member away. @throws Error where there is none */
  remove(path: ConfigPath): this {
    if (!this.#document.deleteIn(path)) throw new Error(`envoy.yaml has no ${path.join('.')}`);
    return this;
  }

  /** Puts another listener, plain data, behind those that are there. */
  appendListener(listener: unknown): this {
    this.#document.addIn(['static_resources', 'listeners'], this.#document.createNode(listener));
    return this;
  }

  /** Where things are on this machine; the admin interface and the listener take free ports. */
  connect(tiergate: Endpoint, provider: Endpoint): this {
    this.set(PLACES.adminPort, 0);
    this.set([...PLACES.listener, 'address', 'socket_address', 'port_value'], 0);
    this.set([...PLACES.tiergate, ...ENDPOINT], envoyAddress(tiergate));
    return this.set([...PLACES.provider, ...ENDPOINT], envoyAddress(provider));
  }

  /**
   * The settings that the reference's comments give for a body mode.
   *
   * @param keepLength `allow_content_length_header`, known to Envoy 1.38 and newer; for FULL_DUPLEX_STREAMED
   */
  mode(mode: RequestMode, keepLength = false): this {
    const filter = this.extProc();
    const modes = [...filter, 'processing_mode'];
    this.set([...modes, 'request_body_mode'], mode);
    if (mode !== 'BUFFERED') this.set([...modes, 'request_trailer_mode'], 'SEND');
    if (mode === 'STREAMED') {
      this.set([...modes, 'response_header_mode'], 'SEND');
      this.set([...modes, 'response_body_mode'], 'STREAMED');
    }
    if (keepLength) this.add([...filter, 'allow_content_length_header'], true);
    return this;
  }

  /** `limits.body` in its three places. */
  bodyLimit(bytes: number): this {
    for (const place of this.bodyLimitPlaces()) this.set(place, bytes);
    return this.set(
      [...PLACES.manager, 'http2_protocol_options', 'initial_connection_window_size'],
      Math.max(bytes, 65_535),
    );
  }

  /** The three places that must hold the same number: listener, HTTP/2 stream window, route. */
  bodyLimitPlaces(): readonly ConfigPath[] {
    return [
      [...PLACES.listener, 'per_connection_buffer_limit_bytes'],
      [...PLACES.manager, 'http2_protocol_options', 'initial_stream_window_size'],
      [...this.route(), 'request_body_buffer_limit'],
    ];
  }

  /** Without the belt of the ext_proc cluster: Node's reset limit then stands on Tiergate's own settings. */
  unlimitedRequestsPerConnection(): this {
    const options = [...PLACES.tiergate, ...PROTOCOL_OPTIONS, 'common_http_protocol_options'];
    return this.remove([...options, 'max_requests_per_connection']);
  }

  /** The provider speaks HTTP/2 without TLS. */
  http2Provider(): this {
    const options = [...PLACES.provider, ...PROTOCOL_OPTIONS, 'explicit_http_config'];
    return this.set(options, { http2_protocol_options: {} });
  }

  /** gRPC metadata that the routes send to Tiergate. */
  routeMetadata(entries: Readonly<Record<string, string>>): this {
    const list = Object.entries(entries).map(([key, value]) => ({ key, value }));
    this.set([...this.route(), ...OVERRIDES, 'grpc_initial_metadata'], list);
    return this.set([...this.socketRoute(), ...OVERRIDES, 'grpc_initial_metadata'], list);
  }

  /** Another way for WebSockets to go to Tiergate; what is not named stays. */
  socketModes(modes: SocketModes): this {
    const ofRoute = [...this.socketRoute(), ...OVERRIDES, 'processing_mode'];
    const ofFilter = [...this.socketExtProc(), 'processing_mode'];
    const place = this.#document.hasIn(ofRoute) ? ofRoute : ofFilter;
    for (const [name, mode] of Object.entries(modes)) this.set([...place, name], mode);
    return this;
  }

  /** The ext_proc filter's configuration. */
  extProc(): ConfigPath {
    return [...PLACES.manager, 'http_filters', 0, 'typed_config'];
  }

  /** The ext_proc filter's configuration for WebSockets. */
  socketExtProc(): ConfigPath {
    return [...PLACES.manager, 'upgrade_configs', 0, 'filters', 0, 'typed_config'];
  }

  /** The route of HTTP requests. */
  route(): ConfigPath {
    return [...PLACES.manager, 'route_config', 'virtual_hosts', 0, 'routes', 1];
  }

  /** The route of WebSockets. */
  socketRoute(): ConfigPath {
    return [...PLACES.manager, 'route_config', 'virtual_hosts', 0, 'routes', 0];
  }

  /** The configuration as text for Envoy. */
  toString(): string {
    return this.#document.toString();
  }
}

function withOptions(text: string, options: readonly Option[]): string {
  return options.reduce((result, option) => {
    if (!result.includes(`#${option}# `)) throw new Error(`envoy.yaml has no option ${option}`);
    return result.replaceAll(`#${option}# `, '');
  }, text);
}

/** An endpoint in Envoy's words. */
export function envoyAddress(endpoint: Endpoint): unknown {
  if ('socket' in endpoint) return { pipe: { path: endpoint.socket } };
  return { socket_address: { address: '127.0.0.1', port_value: endpoint.port } };
}
