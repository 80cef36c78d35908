/** One message on the socket of the demo, and what is told about it; the demo fails where it is not so. */
export interface SocketScene {
  readonly title: string;
  readonly text: string;
  /** The message that the provider gets; undefined where nothing reaches it. */
  readonly upstream: string | undefined;
  /** Type of the answer that the client gets. */
  readonly answer: string;
  /** The code with which the socket is closed behind the answer; undefined where it stays open. */
  readonly close?: number;
}

/** One after the other on one socket, under the policy of the requests. */
export const SOCKET_SCENES: readonly SocketScene[] = [
  {
    title: 'the first turn: priority is taken out, and its model is captured for turns that name none',
    text: '{"type":"response.create","model":"gpt-5.5","service_tier":"priority","input":"hi"}',
    upstream: '{"type":"response.create","model":"gpt-5.5","input":"hi"}',
    answer: 'response.completed',
  },
  {
    title: 'a turn without a model is judged by the captured one',
    text: '{"type":"response.create","service_tier":"priority","input":"go on"}',
    upstream: '{"type":"response.create","input":"go on"}',
    answer: 'response.completed',
  },
  {
    title: 'session.update changes the captured model; the message itself is untouched',
    text: '{"type":"session.update","session":{"model":"gpt-5-mini"}}',
    upstream: '{"type":"session.update","session":{"model":"gpt-5-mini"}}',
    answer: 'session.updated',
  },
  {
    title: 'the same turn again: the new model may ask priority',
    text: '{"type":"response.create","service_tier":"priority","input":"go on"}',
    upstream: '{"type":"response.create","service_tier":"priority","input":"go on"}',
    answer: 'response.completed',
  },
  {
    title: 'ultrafast is blocked: the client is told why, and then the socket is closed',
    text: '{"type":"response.create","service_tier":"ultrafast","input":"faster"}',
    upstream: undefined,
    answer: 'error',
    close: 1008,
  },
];
