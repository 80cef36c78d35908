import { chmod, cp, mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { runCommand } from '../envoy/run-command.ts';

/** The file system of an image, put together from files of this machine. */
export class RootFolder {
  readonly path: string;

  /** @param path an empty folder */
  constructor(path: string) {
    this.path = path;
  }

  /** Copies a file or a folder, links followed. */
  async copy(source: string, target: string = source): Promise<void> {
    const place = await this.#place(target);
    await cp(source, place, { recursive: true, dereference: true, preserveTimestamps: true });
  }

  /** Copies a program with the libraries that it is linked to, which keep their places. */
  async program(source: string, target: string = source): Promise<void> {
    await this.copy(source, target);
    for (const library of await librariesOf(source)) await this.copy(library);
  }

  /** A symbolic link. */
  async link(target: string, at: string): Promise<void> {
    await symlink(target, await this.#place(at));
  }

  /** An empty folder. */
  async folder(at: string, mode = 0o755): Promise<void> {
    await mkdir(join(this.path, at), { recursive: true });
    await chmod(join(this.path, at), mode);
  }

  async text(at: string, content: string): Promise<void> {
    await writeFile(await this.#place(at), content);
  }

  async #place(at: string): Promise<string> {
    const place = join(this.path, at);
    await mkdir(dirname(place), { recursive: true });
    return place;
  }
}

/** Absolute paths of the shared libraries of a program, the loader included; none for a static one. */
async function librariesOf(program: string): Promise<string[]> {
  // ldd has a result other than 0 for a static program, and says so.
  const { stdout } = await runCommand('ldd', [program]);
  return stdout.split('\n').flatMap((line) => /(?:^|\s)(\/\S+) \(0x[0-9a-f]+\)$/.exec(line)?.[1] ?? []);
}
