import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { installNode } from './install.ts';

/**
 * Runs the built package on the other Node versions that it claims to run on: the oldest of each range in `engines`,
 * and one that is newer. `npm run build` comes first. A version that cannot be fetched is skipped by name.
 */
const ROOT = resolve(import.meta.dirname, '../..');

/** A release behind the floor of the newest range, in which Node's decoders had changed. */
const NEWER = ['26.10.0'];

/** What differs from one Node to another: the command line, requests through Envoy, and the decoders. */
const TESTS = ['test/e2e/smoke.test.ts', 'test/e2e/cut-bodies.test.ts'];

const MAIN = 'dist/cli/main.js';

/** The versions to test on where none is named: not the one of the project, on which all other tests run. */
function claimedVersions(): string[] {
  const { engines } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    engines: { node: string };
  };
  const floors = engines.node.split('||').map((range) => range.trim().replace(/^(\^|>=)/, ''));
  return [...floors, ...NEWER].filter((version) => version !== process.versions.node);
}

/** @throws Error where the binary is another Node, or a command of the package fails on it */
function tryCommands(binary: string, version: string): void {
  // Variables of that name are settings of the service.
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.startsWith('TIERGATE_')),
  );
  const run = (...args: string[]): string => {
    const result = spawnSync(binary, args, { cwd: ROOT, env, encoding: 'utf8' });
    if (result.status === 0) return result.stdout.trim();
    throw new Error(`${binary} ${args.join(' ')} failed:\n${result.stdout}${result.stderr}`);
  };
  const own = run('--version');
  if (own !== `v${version}`) throw new Error(`${binary} is Node ${own}, not ${version}`);
  run(MAIN, '--version');
  run(MAIN, 'check', 'tiergate.yaml');
}

function runTests(binary: string): boolean {
  // The reports of the suite are those of its own run, on the project's Node.
  const { TEST_REPORTS: _, ...environment } = process.env;
  const args = ['node_modules/vitest/vitest.mjs', 'run', '--config', 'vitest.e2e.config.ts', ...TESTS];
  const env = { ...environment, TEST_MAIN: MAIN };
  return spawnSync(binary, args, { cwd: ROOT, env, stdio: 'inherit' }).status === 0;
}

const { positionals } = parseArgs({ allowPositionals: true });
const summary: string[] = [];
for (const version of positionals.length > 0 ? positionals : claimedVersions()) {
  let binary: string;
  try {
    binary = await installNode(version);
  } catch (error) {
    summary.push(`skipped: Node ${version}: ${error instanceof Error ? error.message : String(error)}`);
    continue;
  }
  process.stdout.write(`\n=== the built package on Node ${version}\n`);
  tryCommands(binary, version);
  const passed = runTests(binary);
  summary.push(`${passed ? 'passed' : 'FAILED'}: Node ${version}`);
  if (!passed) process.exitCode = 1;
}
process.stdout.write(`\n${summary.join('\n')}\n`);
