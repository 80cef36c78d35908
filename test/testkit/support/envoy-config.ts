import { stringify } from 'yaml';
import type { FilterOptions, SendMode } from '../../../src/testkit/index.ts';

const TYPE = 'type.googleapis.com/envoy';

/** The listener that belongs to a behaviour. */
export interface ListenerSpec {
  readonly name: string;
  readonly options: FilterOptions;
  /** Sent as gRPC initial metadata `x-case`, so that the server knows which script to play. */
  readonly id: string;
}

/** An Envoy with one listener for each behaviour, all in front of one upstream and one ext_proc server. */
export function envoyConfig(
  specs: readonly ListenerSpec[],
  ports: { readonly grpc: number; readonly upstream: number },
): string {
  return stringify({
    admin: { address: address(0) },
    static_resources: {
      listeners: specs.map(listener),
      clusters: [
        cluster('ext_proc', ports.grpc, { http2_protocol_options: {} }),
        // Without it trailers to an HTTP/1.1 upstream are dropped.
        cluster('upstream', ports.upstream, { http_protocol_options: { enable_trailers: true } }),
      ],
    },
  });
}

function address(port: number): unknown {
  return { socket_address: { address: '127.0.0.1', port_value: port } };
}

function cluster(name: string, port: number, protocol: object): unknown {
  return {
    name,
    type: 'STATIC',
    load_assignment: {
      cluster_name: name,
      endpoints: [{ lb_endpoints: [{ endpoint: { address: address(port) } }] }],
    },
    typed_extension_protocol_options: {
      'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
        '@type': `${TYPE}.extensions.upstreams.http.v3.HttpProtocolOptions`,
        explicit_http_config: protocol,
        common_http_protocol_options: { max_requests_per_connection: 900 },
      },
    },
  };
}

function listener({ name, options, id }: ListenerSpec): unknown {
  return {
    name,
    address: address(0),
    per_connection_buffer_limit_bytes: options.bufferLimit ?? 1_048_576,
    filter_chains: [
      {
        filters: [
          {
            name: 'envoy.filters.network.http_connection_manager',
            typed_config: {
              '@type': `${TYPE}.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager`,
              stat_prefix: 'kit',
              codec_type: 'AUTO',
              stream_idle_timeout: `${(options.idleTimeout ?? 10_000) / 1000}s`,
              http_protocol_options: { enable_trailers: true },
              access_log: [accessLog()],
              http_filters: [
                ...metadataFilter(options),
                { name: 'envoy.filters.http.ext_proc', typed_config: filter(options, id) },
                {
                  name: 'envoy.filters.http.router',
                  typed_config: { '@type': `${TYPE}.extensions.filters.http.router.v3.Router` },
                },
              ],
              route_config: {
                virtual_hosts: [
                  {
                    name: 'all',
                    domains: ['*'],
                    routes: [{ match: { prefix: '/' }, route: { cluster: 'upstream' } }],
                  },
                ],
              },
            },
          },
        ],
      },
    ],
  };
}

/** The filter that writes the dynamic metadata which is then forwarded. */
function metadataFilter({ forwardedMetadata }: FilterOptions): unknown[] {
  if (forwardedMetadata === undefined) return [];
  const metadata = Object.entries(forwardedMetadata).map(([metadata_namespace, value]) => ({
    metadata_namespace,
    value,
  }));
  return [
    {
      name: 'envoy.filters.http.set_metadata',
      typed_config: { '@type': `${TYPE}.extensions.filters.http.set_metadata.v3.Config`, metadata },
    },
  ];
}

function accessLog(): unknown {
  return {
    name: 'envoy.access_loggers.stdout',
    typed_config: {
      '@type': `${TYPE}.extensions.access_loggers.stream.v3.StdoutAccessLog`,
      log_format: {
        json_format: {
          request: '%REQ(X-BEHAVIOUR)%',
          status: '%RESPONSE_CODE%',
          details: '%RESPONSE_CODE_DETAILS%',
          metadata: '%DYNAMIC_METADATA(good)%',
          sent: '%UPSTREAM_WIRE_BYTES_SENT%',
        },
      },
    },
  };
}

function filter(options: FilterOptions, id: string): unknown {
  const duplexRequest = options.requestBody === 'FULL_DUPLEX_STREAMED';
  const duplexResponse = options.responseBody === 'FULL_DUPLEX_STREAMED';
  const trailers = (mode: SendMode | undefined, duplex: boolean): SendMode =>
    mode ?? (duplex ? 'SEND' : 'SKIP');
  const list = (values: readonly string[]): unknown => ({ patterns: values.map((exact) => ({ exact })) });
  return {
    '@type': `${TYPE}.extensions.filters.http.ext_proc.v3.ExternalProcessor`,
    grpc_service: {
      envoy_grpc: { cluster_name: 'ext_proc' },
      initial_metadata: [{ key: 'x-case', value: id }],
    },
    processing_mode: {
      request_header_mode: options.requestHeaders ?? 'SEND',
      request_body_mode: options.requestBody ?? 'NONE',
      request_trailer_mode: trailers(options.requestTrailers, duplexRequest),
      response_header_mode: options.responseHeaders ?? 'SEND',
      response_body_mode: options.responseBody ?? 'NONE',
      response_trailer_mode: trailers(options.responseTrailers, duplexResponse),
    },
    message_timeout: `${(options.messageTimeout ?? 5_000) / 1000}s`,
    failure_mode_allow: options.failureModeAllow ?? false,
    observability_mode: options.observability ?? false,
    ...(options.sendBodyWithoutWaiting ? { send_body_without_waiting_for_header_response: true } : {}),
    ...(options.allowContentLengthHeader ? { allow_content_length_header: true } : {}),
    ...(options.disableImmediateResponse ? { disable_immediate_response: true } : {}),
    ...(options.statusOnError === undefined ? {} : { status_on_error: { code: options.statusOnError } }),
    ...(options.disallowedHeaders === undefined
      ? {}
      : { forward_rules: { disallowed_headers: list(options.disallowedHeaders) } }),
    ...(options.requestAttributes ? { request_attributes: Object.keys(options.requestAttributes) } : {}),
    ...(options.responseAttributes ? { response_attributes: Object.keys(options.responseAttributes) } : {}),
    metadata_options: {
      receiving_namespaces: { untyped: options.receivingNamespaces ?? [] },
      forwarding_namespaces: { untyped: Object.keys(options.forwardedMetadata ?? {}) },
    },
  };
}
