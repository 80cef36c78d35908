import { exchangeSettings } from '../config/exchange-settings.ts';
import type { Settings } from '../config/schema.ts';
import type { HeaderEdits, HeaderLine } from '../dialects/types.ts';
import type { Decision } from '../exchange/decision.ts';
import type { Effect, EventContext, Exchange, ExchangeEvent, ImmediateReply } from '../exchange/events.ts';
import { createHttpExchangeFactory } from '../exchange/http/exchange.ts';
import type { ExchangeSettings, IdentitySource, PolicyView } from '../exchange/settings.ts';
import { createContentDecoder } from '../extproc/content-decoder.ts';
import { heldBudget } from '../extproc/held-budget.ts';
import { createRandomSource } from '../extproc/random-source.ts';

/** A request that nobody sends, and what it is judged with. */
export interface RehearsalInput {
  readonly settings: Settings;
  readonly policy: PolicyView | undefined;
  readonly path: string;
  readonly authority: string;
  readonly headers: readonly HeaderLine[];
  /** Undefined: as the sources of the configuration say. */
  readonly scope: string | undefined;
  readonly user: string | undefined;
  readonly body: Buffer;
}

/** What Envoy would be told. */
export interface Rehearsal {
  /** Undefined where the path is not governed. */
  readonly decision: Decision | undefined;
  /** The refusal that the client would get; behind a message of a socket its body is the error event. */
  readonly refusal: ImmediateReply | undefined;
  /** The close code behind that event; undefined over HTTP, and where the socket stays open. */
  readonly closeCode: number | undefined;
  /** The body that would go upstream, or that of the refusal. */
  readonly body: Uint8Array;
  readonly headerEdits: readonly HeaderEdits[];
}

/** Stands for a scope or user that the command line gives. */
const GIVEN = { scope: 'given-scope', user: 'given-user' };

function given(key: string): IdentitySource {
  return { kind: 'metadata', key, map: undefined };
}

/** The exchange settings, with a scope and a user of the command line in place of the sources. */
export function settingsFor({ settings, scope, user }: RehearsalInput): ExchangeSettings {
  const { identity, ...rest } = exchangeSettings(settings);
  return {
    ...rest,
    identity: {
      scope: scope === undefined ? identity.scope : { sources: [given(GIVEN.scope)], default: undefined },
      user: user === undefined ? identity.user : { sources: [given(GIVEN.user)] },
    },
  };
}

/** The gRPC metadata that carries them. */
export function metadataFor({ scope, user }: RehearsalInput): ReadonlyMap<string, string> {
  const metadata = new Map<string, string>();
  if (scope !== undefined) metadata.set(GIVEN.scope, scope);
  if (user !== undefined) metadata.set(GIVEN.user, user);
  return metadata;
}

/** Everything that an exchange does with `events`, content codings undone on the way. */
async function play(exchange: Exchange, events: readonly ExchangeEvent[]): Promise<readonly Effect[]> {
  const decoder = createContentDecoder();
  const unlimited = heldBudget(Number.POSITIVE_INFINITY);
  const effects: Effect[] = [];
  const waiting = [...events];
  for (let event = waiting.shift(); event !== undefined; event = waiting.shift()) {
    for (const effect of exchange.handle(event, performance.now())) {
      effects.push(effect);
      if (effect.kind !== 'decode') continue;
      const result = await decoder.decode(effect, unlimited, new AbortController().signal);
      waiting.unshift({ kind: 'decoded', result });
    }
  }
  return effects;
}

/** Runs a request through the exchange of the service, as Envoy would in the body mode BUFFERED. */
export async function rehearse(input: RehearsalInput): Promise<Rehearsal> {
  const factory = createHttpExchangeFactory({
    settings: settingsFor(input),
    currentPolicy: () => input.policy,
    held: heldBudget(Number.POSITIVE_INFINITY),
    randomBytes: createRandomSource(),
  });
  const metadata = metadataFor(input);
  const context: EventContext = { attributes: new Map(), dynamicMetadata: new Map() };
  const endOfStream = input.body.length === 0;
  const head: ExchangeEvent = {
    kind: 'headers',
    direction: 'request',
    headers: [
      { name: ':method', value: 'POST' },
      { name: ':path', value: input.path },
      { name: ':authority', value: input.authority },
      ...input.headers,
    ],
    endOfStream,
    context,
  };
  const body: ExchangeEvent = {
    kind: 'body',
    direction: 'request',
    bytes: input.body,
    endOfStream: true,
    context,
  };
  const modes = { request: 'BUFFERED', response: 'NONE', sendBodyWithoutWaiting: false } as const;
  const opening = { id: '0'.repeat(32), time: Date.now(), metadata, modes };
  const exchange = factory(opening, head, performance.now());
  return summarize(await play(exchange, endOfStream ? [head] : [head, body]), input.body);
}

function summarize(effects: readonly Effect[], original: Buffer): Rehearsal {
  let decision: Decision | undefined;
  let refusal: ImmediateReply | undefined;
  let body: Uint8Array = original;
  const headerEdits: HeaderEdits[] = [];
  for (const effect of effects) {
    if (effect.kind === 'decision') decision = effect.decision;
    if (effect.kind === 'immediate') {
      refusal = effect.response;
      body = effect.response.body;
    }
    if (effect.kind !== 'reply') continue;
    const { reply } = effect;
    if ('edits' in reply && reply.edits !== undefined) headerEdits.push(reply.edits);
    if (reply.kind === 'body' && reply.body.kind === 'replace') body = reply.body.bytes;
  }
  return { decision, refusal, closeCode: undefined, body, headerEdits };
}
