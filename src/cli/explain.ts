import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Configuration } from '../config/load.ts';
import { openConfiguredStore } from '../config/open-store.ts';
import type { HeaderLine } from '../dialects/types.ts';
import type { PolicyView } from '../exchange/settings.ts';
import { compilePolicy } from '../policy/compile.ts';
import type { PolicyDocument } from '../policy/schema.ts';
import { formatFaults } from '../storage/faults.ts';
import { readPolicyText } from '../storage/policy-text.ts';
import { type Arguments, CONFIG_OPTION, type Command, JSON_OPTION, UsageError } from './command.ts';
import { configurationFor, showFaults } from './configuration.ts';
import { EXIT_CODES } from './exit-codes.ts';
import { explanationJson, explanationText } from './explanation.ts';
import { rehearseMessage } from './message-rehearsal.ts';
import { rehearse } from './rehearsal.ts';
import type { Terminal } from './terminal.ts';

/** The policy to explain with, and its document for the sentences; undefined where none is in force. */
interface ExplainedPolicy {
  readonly view: PolicyView | undefined;
  readonly document: PolicyDocument;
  readonly name: string;
}

async function policyFor(
  given: Arguments,
  terminal: Terminal,
  configuration: Configuration,
): Promise<ExplainedPolicy | undefined> {
  const file = given.value('policy');
  const { scopes, policy } = configuration.settings;
  if (file !== undefined) {
    const text = readFileSync(resolve(terminal.workingDirectory, file), 'utf8');
    const reading = readPolicyText(text, file, scopes);
    if (!reading.ok) {
      showFaults(terminal, given.has('json'), reading.faults);
      return undefined;
    }
    const view = { revision: 0, policy: compilePolicy(reading.document), enforcement: undefined };
    return { view, document: reading.document, name: file };
  }
  const stores = await openConfiguredStore(configuration, { serve: false });
  const store = stores.policy;
  try {
    const { source, revision, faults } = store.status();
    if (faults.length > 0) terminal.error(`the policy file cannot be used:\n${formatFaults(faults)}`);
    const place = stores.redis === undefined ? policy.file : 'Redis';
    const name = source === 'built_in' ? 'built in' : `${place}, revision ${revision} (${source})`;
    return { view: store.current(), document: store.snapshot()?.document ?? { rules: [] }, name };
  } finally {
    await stores.close();
  }
}

/** `name: value` → a header line. */
function headerOf(text: string): HeaderLine {
  const [, name, value] = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):\s*(.*)$/s.exec(text) ?? [];
  if (name === undefined || value === undefined || /[\r\n]/.test(value)) {
    throw new UsageError(`--header ${JSON.stringify(text)}: write it as "name: value"`);
  }
  return { name: name.toLowerCase(), value };
}

const PRESETS = ['compatible', 'strict'] as const;

/** The configuration with the strictness of the command line for every route. */
function withStrictness(configuration: Configuration, given: Arguments): Configuration {
  const word = given.value('strictness');
  if (word === undefined) return configuration;
  const preset = PRESETS.find((name) => name === word);
  if (preset === undefined) throw new UsageError(`--strictness must be one of ${PRESETS.join(', ')}`);
  const { settings } = configuration;
  const routes = settings.routes.map((route) => ({ ...route, strictness: preset }));
  return { ...configuration, settings: { ...settings, strictness: preset, routes } };
}

export const explainCommand: Command = {
  name: 'explain',
  operands: '[FILE]',
  operandCount: [0, 1],
  summary: 'Say what would become of one request body or message of a WebSocket, and why',
  description: [
    'FILE is the body as a client sends it; - or nothing is standard input. The request runs through the code of\n' +
      'the service, so the result is what Envoy would be told. Nothing is sent anywhere.',
  ],
  options: [
    { name: 'path', value: 'PATH', help: 'path of the request; left out: /v1/responses' },
    { name: 'message', value: undefined, help: 'the file is one message of a WebSocket, not a body' },
    {
      name: 'captured-model',
      value: 'MODEL',
      help: 'model that the socket has captured before; only with --message',
    },
    { name: 'header', value: '"NAME: VALUE"', help: 'a header of the request', multiple: true },
    { name: 'authority', value: 'HOST', help: 'host of the request; left out: localhost' },
    {
      name: 'scope',
      value: 'NAME',
      help: 'scope of the request; left out: from the sources of the configuration',
    },
    { name: 'user', value: 'ID', help: 'user of the request; left out: likewise' },
    { name: 'policy', value: 'FILE', help: 'policy to use; left out: the one of the configuration' },
    CONFIG_OPTION,
    { name: 'strictness', value: 'PRESET', help: 'compatible or strict, in place of the configuration' },
    { name: 'output', value: 'FILE', help: 'write the resulting body there, byte for byte' },
    JSON_OPTION,
  ],
  exitCodes: [0, 1, 2],
  examples: [
    'tiergate explain body.json',
    'tiergate explain --path /v1/messages --header "anthropic-beta: fast-mode-2026-02-01" body.json',
    'tiergate explain --message --captured-model gpt-5.5 turn.json',
    'echo \'{"model":"gpt-5.5","service_tier":"fast"}\' | tiergate explain --policy draft.json --json',
  ],
  async run(given, terminal) {
    const headers = given.values('header').map(headerOf);
    const loaded = configurationFor(given, terminal);
    if (loaded === undefined) return EXIT_CODES.faults;
    const configuration = withStrictness(loaded, given);
    let body: Buffer;
    let policy: ExplainedPolicy | undefined;
    try {
      const [file = '-'] = given.positionals;
      policy = await policyFor(given, terminal, configuration);
      if (policy === undefined) return EXIT_CODES.faults;
      body =
        file === '-' ? await terminal.readInput() : readFileSync(resolve(terminal.workingDirectory, file));
    } catch (error) {
      const { code, path, message } = error as NodeJS.ErrnoException;
      if (code === undefined) throw error;
      terminal.error(`${path ?? 'standard input'} cannot be read (${code}): check the name (${message})\n`);
      return EXIT_CODES.faults;
    }
    const capturedModel = given.value('captured-model');
    const isMessage = given.has('message');
    if (capturedModel !== undefined && !isMessage) throw new UsageError('--captured-model needs --message');
    const input = {
      settings: configuration.settings,
      policy: policy.view,
      path: given.value('path') ?? '/v1/responses',
      authority: given.value('authority') ?? 'localhost',
      headers,
      scope: given.value('scope'),
      user: given.value('user'),
      body,
    };
    const result = isMessage ? rehearseMessage(input, capturedModel) : await rehearse(input);
    const explained = { isMessage, result, body, document: policy.document, policyName: policy.name };
    terminal.out(given.has('json') ? explanationJson(explained) : explanationText(explained));
    const output = given.value('output');
    if (output !== undefined) writeFileSync(resolve(terminal.workingDirectory, output), result.body);
    return EXIT_CODES.ok;
  },
};
