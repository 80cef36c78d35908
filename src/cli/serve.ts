import type { Configuration } from '../config/load.ts';
import { checkTransport } from '../extproc/transport/start-up-check.ts';
import { startServer, type TiergateServer } from '../server.ts';
import { formatFaults } from '../storage/faults.ts';
import { createLogger } from '../telemetry/logger.ts';
import { CONFIG_OPTION, type Command } from './command.ts';
import { configurationFor } from './configuration.ts';
import { EXIT_CODES, type ExitCode } from './exit-codes.ts';
import type { Terminal } from './terminal.ts';
import { isNodeFit, NODE_RANGE, VERSION } from './version.ts';

/** What a person at the terminal should know of a service that has just started; each line of it is complete. */
function greeting(server: TiergateServer, configuration: Configuration): string {
  const { settings, file } = configuration;
  const { grpc, ops } = server.addresses;
  const { source, revision, faults, lint, readOnly } = server.policy.status();
  const rules = server.policy.snapshot()?.document.rules.length ?? 0;
  const lines = [
    `tiergate ${VERSION} on Node ${process.versions.node}, configuration ${file ?? 'of defaults and environment'}`,
    `ext_proc service  ${grpc}${settings.tls.grpc.cert === '' ? '' : ' (TLS)'}`,
    `health, metrics   ${ops === undefined ? 'off' : `http://${ops}`}`,
    source === 'none'
      ? 'policy            none: governed requests get 503 until it can be read'
      : `policy            revision ${revision} (${source}), ${rules} rules${settings.policy.file === '' ? '' : `, ${settings.policy.file}`}`,
  ];
  if (settings.policy.enforcement === 'report' || source === 'reported') {
    lines.push('enforcement       report: verdicts are recorded, nothing is changed');
  }
  for (const warning of server.warnings) lines.push(`warning: ${warning}`);
  if (readOnly !== undefined) lines.push(`note: the policy cannot be saved from here: ${readOnly}`);
  for (const { path, text } of lint) lines.push(`policy warning: ${path}: ${text}`);
  return `${lines.join('\n')}\n${faults.length === 0 ? '' : `the policy cannot be used:\n${formatFaults(faults)}`}`;
}

/** Resolves when the service has stopped: drained after one signal, at once after the second. */
function untilStopped(server: TiergateServer, terminal: Terminal): Promise<ExitCode> {
  return new Promise((resolve, reject) => {
    let draining = false;
    const stop = terminal.onStop((signal) => {
      terminal.error(
        draining
          ? `${signal} again: stopping at once\n`
          : `${signal}: draining; send it again to stop at once\n`,
      );
      const end = draining ? server.close() : server.drain();
      const code = draining ? EXIT_CODES.stoppedHard : EXIT_CODES.ok;
      draining = true;
      end.then(() => {
        stop();
        resolve(code);
      }, reject);
    });
  });
}

/** Why this Node cannot run the service; undefined where it can. */
async function unfitNode(): Promise<string | undefined> {
  if (!isNodeFit(process.versions.node, NODE_RANGE)) {
    return `Node ${process.versions.node} is not in ${NODE_RANGE}: install one that is; others are not tested, and some drop connections of Envoy`;
  }
  try {
    await checkTransport();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

export const serveCommand: Command = {
  name: 'serve',
  operands: '',
  operandCount: [0, 0],
  summary: 'Run the ext_proc service',
  description: [
    'Refuses to start on a configuration with faults and on a Node version that would drop connections of Envoy.\n' +
      'The log goes to standard output, a JSON object a line; where it listens goes to standard error.',
    'SIGTERM and SIGINT let running requests end: the health service says NOT_SERVING, new requests are served\n' +
      'for limits.drain_grace, and open streams may take limits.drain. A second signal stops at once.',
  ],
  options: [CONFIG_OPTION],
  exitCodes: [0, 2, 4, 5],
  examples: ['tiergate serve', 'tiergate serve --config /etc/tiergate/tiergate.yaml'],
  async run(given, terminal) {
    const configuration = configurationFor(given, terminal);
    if (configuration === undefined) return EXIT_CODES.cannotStart;
    const unfit = await unfitNode();
    if (unfit !== undefined) {
      terminal.error(`tiergate cannot start: ${unfit}\n`);
      return EXIT_CODES.cannotStart;
    }
    const log = createLogger(configuration.settings.log.level);
    try {
      const server = await startServer(configuration, { logger: log.logger }).catch((error: unknown) => {
        terminal.error(`tiergate cannot start: ${error instanceof Error ? error.message : String(error)}\n`);
      });
      if (server === undefined) return EXIT_CODES.cannotStart;
      // Before anybody can read that it runs, so that a signal which follows finds its listener.
      const stopped = untilStopped(server, terminal);
      terminal.error(greeting(server, configuration));
      log.logger.info({ version: VERSION, ...server.addresses }, 'listening');
      return await stopped;
    } finally {
      await log.close();
    }
  },
};
