import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { main } from 'assemblyscript/asc';

const ROOT = join(import.meta.dirname, '../..');
const SOURCE = 'tools/json-scanner/assembly/scan-value.ts';
const RESULT = join(ROOT, 'src/gen/json-scanner.ts');
const OPTIONS = ['-O3', '--noAssert', '--runtime', 'stub', '--enable', 'simd', '--initialMemory', '2'];

/** Compiles the scan of a JSON value to WebAssembly. @throws Error with the compiler's report. */
async function compile(): Promise<Uint8Array> {
  const results = new Map<string, Uint8Array | string>();
  const { error, stderr } = await main([SOURCE, ...OPTIONS, '--outFile', 'scanner.wasm'], {
    readFile: (name, folder) => readFile(join(ROOT, folder, name), 'utf8').catch(() => null),
    writeFile: (name, contents) => {
      results.set(name, contents);
    },
    listFiles: () => null,
  });
  const module = results.get('scanner.wasm');
  if (error !== null || !(module instanceof Uint8Array))
    throw new Error(`${SOURCE} does not compile:\n${stderr.toString()}`);
  return module;
}

const base64 = Buffer.from(await compile()).toString('base64');
await mkdir(dirname(RESULT), { recursive: true });
// Renamed into its place: whoever imports it meanwhile sees the old one or the new one.
const unfinished = `${RESULT}.${process.pid}`;
await writeFile(
  unfinished,
  `// Made from ${SOURCE} by \`npm run generate\`.\n\n/** The WebAssembly module, in base64. */\nexport const JSON_SCANNER = '${base64}';\n`,
);
await rename(unfinished, RESULT);
