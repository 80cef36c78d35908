import { HeaderMap } from './header-map.ts';
import { isValidHeaderName, isValidHeaderValue, type Report, reportFields } from './header-mutation.ts';
import type { HeaderLine } from './http.ts';
import type { ImmediateResponse } from './messages.ts';

/** An answer that Envoy makes itself. */
export interface LocalReply {
  readonly status: number;
  readonly headers: readonly HeaderLine[];
  readonly body: Buffer;
  readonly details: string;
}

const PLACE = 'immediate_response';

/**
 * The answer that Envoy makes of an immediate response: 200 where the status is missing, text/plain where there is no
 * content type, an invalid header and those after it left out, white space in the details turned to underscores.
 */
export function immediateReply(response: ImmediateResponse, report: Report): LocalReply {
  const code = Number(response.status?.code ?? 0);
  const usable = code >= 200;
  if (!usable) {
    report('immediate_response_without_status', `${PLACE}: status ${code}; Envoy sends 200`);
  }
  const body = Buffer.from(response.body ?? []);
  const headers = new HeaderMap(body.length > 0 ? [['content-type', 'text/plain']] : []);
  for (const option of response.headers?.setHeaders ?? []) {
    const name = option.header?.key?.toLowerCase() ?? '';
    const value = Buffer.from(option.header?.rawValue ?? []).toString('latin1');
    reportFields(option, PLACE, report);
    if (!isValidHeaderName(name)) {
      report('invalid_header_name', `${PLACE}: set_headers holds the name ${JSON.stringify(name)}`);
      break;
    }
    if (!isValidHeaderValue(value)) {
      report('invalid_header_value', `${PLACE}: the value of \`${name}\` holds a control character`);
      break;
    }
    if (!name.startsWith(':')) {
      if (option.append?.value === true) headers.append(name, value);
      else headers.set(name, value);
    }
  }
  return {
    status: usable ? code : 200,
    headers: headers.lines,
    body,
    details: (response.details ?? '').replaceAll(/\s/g, '_'),
  };
}
