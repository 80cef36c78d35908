import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { errorType, refusalCodes, refuse } from '../src/refusals.ts';

/** The rows of the table in the docs, cell by cell. */
function documentedRows(): readonly (readonly string[])[] {
  const text = readFileSync(new URL('../docs/refusals.md', import.meta.url), 'utf8');
  return text
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) =>
      line
        .slice(1, -1)
        .split('|')
        .map((cell) => cell.trim()),
    );
}

describe('the catalogue of refusals', () => {
  it('is the table of the docs, row by row', () => {
    const rows = refusalCodes.map((code) => {
      const { status, closeCode, type, retryAfter, message } = refuse(code);
      return [`\`${code}\``, `${status}`, `${closeCode}`, `\`${type}\``, retryAfter ? 'yes' : 'no', message];
    });
    expect(documentedRows()).toEqual(rows);
  });

  it.each(refusalCodes)('%s tells what to do next and is fit for a header, a log and a table', (code) => {
    const refusal = refuse(code);
    expect(refusal.code).toBe(code);
    expect(refusal.details).toBe(`tiergate_${code}`);
    expect(code).toMatch(/^[a-z0-9_]+$/);
    expect(refusal.status).toBeGreaterThanOrEqual(400);
    expect([1002, 1007, 1008, 1009]).toContain(refusal.closeCode);
    // Two sentences: what is wrong, and the next step.
    expect(refusal.message).toMatch(/^[A-Z][^|\n]+\. [A-Z][^|\n]+\.$/);
  });

  it.each([
    ['policy_violation', 403, 1008, 'permission_error', false],
    ['malformed_json', 400, 1008, 'invalid_request_error', false],
    ['invalid_utf8', 400, 1007, 'invalid_request_error', false],
    ['protocol_error', 400, 1002, 'invalid_request_error', false],
    ['message_too_large', 413, 1009, 'invalid_request_error', false],
    ['unsupported_encoding', 415, 1008, 'invalid_request_error', false],
    ['unsupported_route', 403, 1008, 'permission_error', false],
    ['policy_unavailable', 503, 1008, 'server_error', true],
    ['overloaded', 503, 1008, 'server_error', true],
  ] as const)('%s is %i, closes with %i', (code, status, closeCode, type, retryAfter) => {
    expect(refuse(code)).toMatchObject({ status, closeCode, type, retryAfter });
  });

  it('takes a status and a message in place of its own, and the type follows', () => {
    const refusal = refuse('policy_violation', { status: 400, message: 'not here' });
    expect(refusal).toMatchObject({ status: 400, type: 'invalid_request_error', message: 'not here' });
    expect(refuse('policy_violation', { status: undefined, message: undefined })).toEqual(
      refuse('policy_violation'),
    );
  });

  it.each([
    [400, 'invalid_request_error'],
    [401, 'authentication_error'],
    [402, 'invalid_request_error'],
    [403, 'permission_error'],
    [404, 'not_found_error'],
    [429, 'rate_limit_error'],
    [499, 'invalid_request_error'],
    [500, 'server_error'],
  ])('calls status %i %s', (status, type) => {
    expect(errorType(status)).toBe(type);
  });
});
