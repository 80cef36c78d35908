import { openAiResponses } from '../src/dialects/openai-responses.ts';
import { applyEdits } from '../src/json/editor.ts';
import { compilePlan } from '../src/json/plan.ts';
import { readJson } from '../src/json/reader.ts';
import type { JsonEdit } from '../src/json/types.ts';
import { codexBody, type TierPlace } from './json-bodies.ts';
import { type Spread, spreadOf } from './support/statistics.ts';
import { type BenchTable, markdownTable } from './support/table.ts';

/** One body, and how long each way of taking its tier out took. */
export interface JsonBenchRow {
  readonly body: string;
  readonly bytes: number;
  readonly plan: string;
  /** Reader with full validation, and the cut. */
  readonly ours: Spread;
  /** Decode and `JSON.parse` alone. */
  readonly parse: Spread;
  /** Decode, `JSON.parse`, `delete`, `JSON.stringify`, encode. */
  readonly parseAndPrint: Spread;
  /** Median of the rounds' own ratios, each of two timings side by side. */
  readonly timesFasterThanParse: number;
  readonly timesFasterThanParseAndPrint: number;
}

/** How long the bench runs: `rounds` interleaved rounds of `roundMilliseconds` for each way and body. */
export interface JsonBenchOptions {
  readonly rounds: number;
  readonly roundMilliseconds: number;
}

const SIZES: readonly [name: string, size: number][] = [
  ['1 KB', 1024],
  ['44 KB', 44 * 1024],
  ['1 MB', 1024 * 1024],
];

const PLANS: readonly [name: string, paths: readonly string[]][] = [
  ['body', openAiResponses.members],
  ['message', openAiResponses.messageMembers],
];

const LIMITS = { depth: 512, members: 1_000_000 };

/** Times reader and editor against `JSON.parse`, with and without printing, on bodies as Codex CLI sends. */
export function runJsonBench(options: JsonBenchOptions): JsonBenchRow[] {
  const cases = SIZES.flatMap(([size, bytes]) =>
    (['front', 'end'] satisfies TierPlace[]).flatMap((place) => {
      const body = codexBody(bytes, place);
      return PLANS.map(([plan, paths]) => ({ name: `${size}, tier ${place}`, body, plan, paths }));
    }),
  );
  const bench = (rounds: number) =>
    cases.map(({ name, body, plan, paths }) => benchBody(name, body, plan, paths, { ...options, rounds }));
  // Every way meets every kind of body before one is timed: a kind that is new to compiled code has it compiled
  // anew, which takes the engine a second.
  bench(1);
  return bench(options.rounds);
}

function benchBody(
  body: string,
  bytes: Buffer,
  plan: string,
  paths: readonly string[],
  options: JsonBenchOptions,
): JsonBenchRow {
  const compiled = compilePlan(paths);
  const ways = [
    (): unknown => {
      const result = readJson(bytes, compiled, LIMITS);
      if (!result.ok) throw new Error(result.fault.reason);
      const edits: JsonEdit[] = [];
      for (const member of result.reading.members)
        if (member.path === 'service_tier') edits.push({ kind: 'cut', member });
      return applyEdits(bytes, edits);
    },
    (): unknown => JSON.parse(bytes.toString('utf8')),
    (): unknown => {
      const value = JSON.parse(bytes.toString('utf8')) as { service_tier?: unknown };
      delete value.service_tier;
      return Buffer.from(JSON.stringify(value));
    },
  ] as const;
  const times: [number[], number[], number[]] = [[], [], []];
  const rounds = options.rounds + 2;
  for (let round = 0; round < rounds; round++) {
    // The first rounds warm the engine up. The order turns, so that no way always follows the same other.
    for (let k = 0; k < ways.length; k++) {
      const way = (round + k) % ways.length;
      const time = timeOf(ways[way]!, options.roundMilliseconds);
      if (round >= 2) times[way]!.push(time);
    }
  }
  const [ours, parse, print] = times;
  return {
    body,
    bytes: bytes.length,
    plan,
    ours: spreadOf(ours),
    parse: spreadOf(parse),
    parseAndPrint: spreadOf(print),
    timesFasterThanParse: medianRatio(parse, ours),
    timesFasterThanParseAndPrint: medianRatio(print, ours),
  };
}

/** Microseconds a call, measured over about `milliseconds`. */
function timeOf(call: () => unknown, milliseconds: number): number {
  const start = process.hrtime.bigint();
  const end = start + BigInt(Math.round(milliseconds * 1e6));
  let calls = 0;
  let now = start;
  // The clock is read once for several calls: for small bodies it would cost as much as the call.
  for (let batch = 1; now < end; batch = Math.min(batch * 2, 256)) {
    for (let i = 0; i < batch; i++) call();
    calls += batch;
    now = process.hrtime.bigint();
  }
  return Number(now - start) / 1000 / calls;
}

function medianRatio(slower: readonly number[], faster: readonly number[]): number {
  return spreadOf(slower.map((value, i) => value / (faster[i] ?? Number.NaN))).median;
}

/** The rows as a table; times in microseconds, fastest, middle and slowest round. */
export function jsonTable(rows: readonly JsonBenchRow[]): BenchTable {
  const cell = ({ minimum, median, maximum }: Spread) =>
    [minimum, median, maximum].map((value) => value.toPrecision(3)).join('/');
  return {
    title: 'JSON reader and editor',
    note: 'One body read with full validation and its tier cut out; µs, min/med/max. Ratios are medians of each round’s own.',
    columns: [
      'body',
      'bytes',
      'plan',
      'reader + cut',
      'JSON.parse',
      'parse + delete + stringify',
      'vs parse',
      'vs parse + stringify',
    ],
    rows: rows.map((row) => [
      row.body,
      String(row.bytes),
      row.plan,
      cell(row.ours),
      cell(row.parse),
      cell(row.parseAndPrint),
      `${row.timesFasterThanParse.toFixed(2)}×`,
      `${row.timesFasterThanParseAndPrint.toFixed(2)}×`,
    ]),
  };
}

if (import.meta.main)
  process.stdout.write(markdownTable(jsonTable(runJsonBench({ rounds: 9, roundMilliseconds: 40 }))));
