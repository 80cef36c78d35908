import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Sums vitest's JSON reports of a folder and prints `passed failed skipped`; names each skipped test on standard
 * error, so that none is skipped in silence.
 */
interface Report {
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly message: string;
    readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[];
  }[];
}

const folder = process.argv[2];
if (folder === undefined) {
  process.stderr.write('usage: node tools/ci/count.ts FOLDER_OF_REPORTS\n');
  process.exit(2);
}

let passed = 0;
let failed = 0;
let skipped = 0;
for (const file of readdirSync(folder).filter((name) => name.endsWith('.json'))) {
  const report = JSON.parse(readFileSync(join(folder, file), 'utf8')) as Report;
  for (const suite of report.testResults) {
    // A file that could not be loaded has no tests in it, yet must count.
    if (suite.status === 'failed' && suite.assertionResults.length === 0) {
      failed += 1;
      process.stderr.write(`failed to load: ${suite.name}: ${suite.message}\n`);
    }
    for (const test of suite.assertionResults) {
      if (test.status === 'passed') passed += 1;
      else if (test.status === 'failed') failed += 1;
      else {
        skipped += 1;
        process.stderr.write(`skipped: ${test.fullName}\n`);
      }
    }
  }
}
process.stdout.write(`${passed} ${failed} ${skipped}\n`);
