import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startProcess } from '../../../tools/envoy/start-process.ts';
import { makeTemporaryFolder, removeTemporaryFolder } from '../../../tools/envoy/temporary-folder.ts';

/** Longer than all of Codex's repeats take. */
const TIMEOUT_MS = 45_000;

/** One `codex exec`. */
export interface CodexTask {
  readonly binary: string;
  /** Envoy's port. */
  readonly port: number;
  /** Value of the header `x-case` of all its requests. */
  readonly name: string;
  readonly model: string;
  /** Codex's word: `fast`, `flex`. */
  readonly serviceTier?: string;
  /** A picture, as PNG, that goes with the prompt. */
  readonly picture?: Buffer;
}

/** How Codex ended. */
export interface CodexEnd {
  readonly code: number | null;
  /** The last message of the model. */
  readonly stdout: string;
  /** What happened. */
  readonly stderr: string;
}

/**
 * Runs Codex with one prompt to its end, against Envoy on loopback and nothing else: home, configuration and key are
 * made for the run, PATH is empty, and all that would ask other hosts is switched off.
 *
 * @throws Error where it does not end in time
 */
export async function runCodex(task: CodexTask): Promise<CodexEnd> {
  const home = await makeTemporaryFolder();
  try {
    const work = join(home, 'work');
    await mkdir(work);
    await writeFile(join(home, 'config.toml'), configOf(task));
    const args = ['exec', '--strict-config', '--skip-git-repo-check', '--ephemeral'];
    args.push('--sandbox', 'read-only', '--cd', work, 'What is the answer?');
    if (task.picture !== undefined) {
      await writeFile(join(home, 'picture.png'), task.picture);
      args.push('--image', join(home, 'picture.png'));
    }
    const child = await startProcess({
      name: 'codex',
      command: task.binary,
      args,
      env: { HOME: home, CODEX_HOME: home, PATH: '', GATEWAY_KEY: 'sk-of-the-test' },
    });
    const giveUp = new AbortController();
    const late = delay(TIMEOUT_MS, true, { signal: giveUp.signal }).catch(() => false);
    const end = await Promise.race([child.ended, late]);
    giveUp.abort();
    if (typeof end === 'boolean') {
      await child.stop(1_000);
      throw new Error(`Codex did not end within ${TIMEOUT_MS} ms\n${child.tail()}`);
    }
    return { code: end.code, stdout: child.stdout.join('\n'), stderr: child.stderr.join('\n') };
  } finally {
    await removeTemporaryFolder(home);
  }
}

/** config.toml of Codex: Envoy as a model provider with sockets. */
function configOf({ port, name, model, serviceTier }: CodexTask): string {
  return `
model = "${model}"
model_provider = "gateway"
${serviceTier === undefined ? '' : `service_tier = "${serviceTier}"`}
check_for_update_on_startup = false

[analytics]
enabled = false

[feedback]
enabled = false

[features]
apps = false
plugins = false
shell_snapshot = false

[model_providers.gateway]
name = "gateway"
base_url = "http://127.0.0.1:${port}/v1"
wire_api = "responses"
supports_websockets = true
env_key = "GATEWAY_KEY"
http_headers = { "x-case" = "${name}" }
`;
}
