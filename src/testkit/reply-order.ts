import type { DirectionName, MessageKind } from './messages.ts';
import type { Violation } from './violations.ts';

/** Names the breach of a reply that is not the one that is due. `due`: kinds whose reply is due, oldest first. */
export function classifyReply(
  direction: DirectionName,
  kind: MessageKind,
  due: readonly MessageKind[],
  kindWasSent: boolean,
): Violation {
  const place = `${direction}_${kind}`;
  if (due[0] === 'headers' && kind === 'body') {
    return {
      code: 'body_reply_before_header_reply',
      message: `${place}: the header reply of this direction is still due`,
    };
  }
  if (due.includes(kind)) {
    return {
      code: 'reply_out_of_order',
      message: `${place}: due is first a reply to ${direction}_${due[0]}`,
    };
  }
  if (kindWasSent) {
    return { code: 'second_reply', message: `${place}: every message of this kind has its reply already` };
  }
  return { code: 'reply_without_message', message: `${place}: Envoy has sent no such message` };
}
