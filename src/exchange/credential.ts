import type { HeaderLine } from '../dialects/types.ts';

/** The kind of account that a credential's shape points to, by the names of the built-in scopes. */
export type CredentialShape = 'apikey' | 'oauth' | 'bedrock';

/** Longest token of which the payload is looked at; tokens of ChatGPT have about 2 KB. */
const MAX_TOKEN_LENGTH = 16_384;
/** The claim under which ChatGPT's tokens hold account and plan. */
const CHATGPT_CLAIM = 'https://api.openai.com/auth';
const JWT = /^[A-Za-z0-9_-]+\.([A-Za-z0-9_-]+)\.[A-Za-z0-9_-]+$/;

/**
 * The shape of the credential that the provider will honour; nothing of the credential is kept. A signature is not
 * checked: the provider does that, and a token that it does not accept buys nothing.
 *
 * @returns undefined where no known shape stands there, `disagrees` where two credentials have different shapes or
 *   one header has several lines, so that nobody can say which one counts
 */
export function credentialShape(headers: readonly HeaderLine[]): CredentialShape | 'disagrees' | undefined {
  let authorization: string | undefined;
  let apiKey: string | undefined;
  let account = false;
  for (const { name, value } of headers) {
    if (name === 'authorization') {
      if (authorization !== undefined) return 'disagrees';
      authorization = value;
    } else if (name === 'x-api-key') {
      if (apiKey !== undefined) return 'disagrees';
      apiKey = value;
    } else if (name === 'chatgpt-account-id') account = true;
  }
  const keyShape = apiKey === undefined || apiKey.trim() === '' ? undefined : 'apikey';
  if (authorization === undefined || authorization.trim() === '') return keyShape;
  const shape = authorizationShape(authorization.trim(), account);
  if (keyShape === undefined || keyShape === shape) return shape;
  return 'disagrees';
}

function authorizationShape(value: string, account: boolean): CredentialShape | undefined {
  const [scheme = '', token = ''] = value.split(/[ \t]+/, 2);
  switch (scheme.toLowerCase()) {
    case 'aws4-hmac-sha256':
      return 'bedrock';
    case 'bearer':
      // The access token of a login at Anthropic; its API keys begin with `sk-ant-api`.
      if (token.startsWith('sk-ant-oat')) return 'oauth';
      if (token.startsWith('sk-')) return 'apikey';
      return isChatGptToken(token, account) ? 'oauth' : undefined;
    default:
      return undefined;
  }
}

/** @param account whether the account header of ChatGPT's clients stands beside the token; alone it says nothing */
function isChatGptToken(token: string, account: boolean): boolean {
  if (token.length > MAX_TOKEN_LENGTH) return false;
  const payload = JWT.exec(token)?.[1];
  if (payload === undefined) return false;
  if (account) return true;
  try {
    const claims: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString());
    return typeof claims === 'object' && claims !== null && Object.hasOwn(claims, CHATGPT_CLAIM);
  } catch {
    return false;
  }
}
