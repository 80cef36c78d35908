// Who may import what: the table of docs/architecture.md as a lint rule. Type imports count.
const INPUT_OUTPUT =
  '^(node:)?(fs|net|http|http2|https|tls|dgram|dns|child_process|cluster|worker_threads|timers|readline|os)(/|$)';
const PURE = ['json', 'websocket', 'policy', 'dialects', 'exchange'];

/** A folder of src may import only itself, the folders and files named, and packages. */
function layer(folder, allowed) {
  const paths = [folder, ...allowed].map((name) =>
    name.endsWith('.ts') ? `^src/${name.replace('.', '\\.')}$` : `^src/${name}/`,
  );
  return {
    name: `layer-${folder}`,
    severity: 'error',
    comment: `src/${folder} imports of ours only: ${allowed.join(', ') || 'nothing'}`,
    from: { path: `^src/${folder}/` },
    to: { path: '^src/', pathNot: paths },
  };
}

module.exports = {
  forbidden: [
    layer('json', []),
    layer('websocket', []),
    layer('policy', ['json']),
    layer('dialects', ['json', 'policy']),
    layer('exchange', ['json', 'policy', 'dialects', 'websocket', 'refusals.ts']),
    layer('extproc', ['exchange', 'gen', 'refusals.ts', 'dialects', 'storage/session-store.ts']),
    layer('storage', ['exchange', 'policy']),
    layer('decisions', ['exchange', 'policy', 'telemetry']),
    layer('telemetry', []),
    layer('config', ['exchange', 'policy', 'dialects', 'telemetry', 'storage']),
    layer('testkit', []),
    layer('testcontainers', []),
    {
      name: 'pure-layers',
      severity: 'error',
      comment:
        'What decides does no I/O, keeps no clock and throws no dice: everything it needs is passed in.',
      from: { path: `^src/(${PURE.join('|')})/` },
      to: { path: [INPUT_OUTPUT, 'node_modules/(@grpc|pino|ioredis|prom-client|grpc-health-check)'] },
    },
    {
      name: 'refusals-alone',
      severity: 'error',
      comment: 'The catalogue of refusals depends on nothing.',
      from: { path: '^src/refusals\\.ts$' },
      to: { path: '^src/' },
    },
    {
      name: 'one-composition-root',
      severity: 'error',
      comment: 'Only the command line and the tests build on server.ts.',
      from: { path: '^src/', pathNot: '^src/cli/' },
      to: { path: '^src/server\\.ts$' },
    },
    {
      name: 'no-circular',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'no-tests-in-source',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^(test|bench|demo|tools)/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^src/gen/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      extensions: ['.ts', '.js'],
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'types'],
    },
  },
};
