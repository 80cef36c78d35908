import { beforeAll, describe, expect, it } from 'vitest';
import type { RunningEnvoy } from '../../tools/envoy/launch.ts';
import { waitFor } from '../../tools/envoy/wait-for.ts';
import { expectHealthyExtProc } from './support/expect.ts';
import { VERSIONS } from './support/versions.ts';
import {
  BLOCK_PRIORITY,
  blockMany,
  LIVE_BEHAVIOURS,
  type Open,
  openOn,
  repeats,
} from './support/ws-block.ts';
import { type MeasuredCell, REFUSED_CELLS, WORKING_CELLS } from './support/ws-cells.ts';
import { Http2Sockets, openRaw, talkRaw } from './support/ws-client.ts';
import { expectUpstream } from './support/ws-expect.ts';
import { useSocketStack } from './support/ws-stack.ts';

const FILTERED = '{"type":"response.create","model":"gpt-5.5","service_tier":"ultrafast"}';
const WITHOUT_TIER = '{"type":"response.create","model":"gpt-5.5"}';

let names = 0;

describe.each(VERSIONS)('WebSockets on Envoy %s', (version) => {
  const stack = useSocketStack({ policy: BLOCK_PRIORITY });
  const working = WORKING_CELLS.filter(({ hangsOn }) => hangsOn?.includes(version) !== true);
  let envoy: RunningEnvoy;

  beforeAll(async () => {
    const listeners = new Map([...working, ...REFUSED_CELLS].map((cell) => [cell.name, cell] as const));
    envoy = await stack().envoy({ version, listeners });
  });

  /** Runs a test with the way to open sockets in a cell. */
  async function opening<T>({ name, http2 }: MeasuredCell, test: (open: Open) => Promise<T>): Promise<T> {
    const port = envoy.port(name);
    if (http2 !== true) return test(openOn(port));
    const connection = await Http2Sockets.connect(port);
    try {
      return await test((target) => connection.open(target));
    } finally {
      connection.close();
    }
  }

  describe.each(working)('$name', (cell) => {
    it('filters a turn, passes a message, and ends cleanly', async () => {
      names += 1;
      const name = `clean-${names}`;
      const other = '{"type":"response.cancel"}';
      const talk = await opening(cell, async (open) =>
        talkRaw(await open({ headers: { 'x-case': name } }), { send: [FILTERED, other], close: 1000 }),
      );
      expect(talk).toMatchObject({ messages: [WITHOUT_TIER, other], close: { code: 1000 }, extensions: '' });
      const seen = await stack().provider.socket(name);
      expectUpstream(seen, [WITHOUT_TIER, other]);
      expect((await stack().provider.closed(seen)).code).toBe(1000);
    });

    it(`blocks, ${repeats().each} times for each kind of provider`, async () => {
      await opening(cell, async (open) => {
        const all = LIVE_BEHAVIOURS.map((kind) => blockMany(stack().provider, open, kind, repeats().each));
        await Promise.all(all);
      });
    }, 120_000);
  });

  describe.each(REFUSED_CELLS)('$name', ({ name, remedy }) => {
    it('is refused as misconfigured, and no message reaches the provider', async () => {
      names += 1;
      const label = `refused-${names}`;
      const pipelined = Buffer.from([0x81, 0x82, 0, 0, 0, 0, 0x7b, 0x7d]);
      await expect(async () => {
        const socket = await openRaw(envoy.port(name), { headers: { 'x-case': label }, pipelined });
        await socket.disconnected();
        throw new Error(`ended with ${(await socket.closed()).code}`);
      }).rejects.toThrow(/answered with 5|ended with 1006/);
      const { provider, tiergate } = stack();
      if (provider.contacts(label) > 0) expect((await provider.socket(label)).bytes).toHaveLength(0);
      await waitFor(`${remedy} in the log`, () =>
        tiergate.process.stdout.some((line) => line.includes(remedy)) ? true : undefined,
      );
    });
  });

  it('gives Envoy no reason to complain', async () => {
    for (const { name } of working) await expectHealthyExtProc(envoy, name);
  });
});
