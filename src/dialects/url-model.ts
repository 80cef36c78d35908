/** What makes a path one that servers put into a normal form before they look at it. */
const NOT_PLAIN = /[%;\\]|\/[./]/;

/** The path without query in the form in which a server takes it apart: decoded once, without empty and dot segments. */
function plainPath(path: string): string {
  const end = path.search(/[?#]/);
  const cut = end === -1 ? path : path.slice(0, end);
  if (!NOT_PLAIN.test(cut)) return cut.replace(/\/$/, '');
  const decoded = cut.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  const segments: string[] = [];
  for (const part of decoded.split(/[/\\]/)) {
    const segment = part.replace(/;.*$/s, '');
    if (segment === '..') segments.pop();
    else if (segment !== '' && segment !== '.') segments.push(segment);
  }
  return `/${segments.join('/')}`;
}

/**
 * The deployment stands directly before the API's own path, in plain characters: anything else could be read in two
 * ways, and a client could name a model that is not served.
 */
const DEPLOYMENT = /\/deployments\/(\w[\w.-]*)\/(?:chat\/completions|responses|responses\/compact)$/i;

/** Every path with a deployment has this, escaped or not. Asked first, because it is asked for each body and message. */
const MAY_NAME_DEPLOYMENT = /deployments|%/i;

/**
 * The deployment of an Azure OpenAI path, `/openai/deployments/{deployment}/chat/completions`. Azure serves it whatever
 * `model` the body names.
 *
 * @param path path with query, as the client wrote it
 */
export function deploymentOf(path: string): string | undefined {
  if (!MAY_NAME_DEPLOYMENT.test(path)) return undefined;
  return DEPLOYMENT.exec(plainPath(path))?.[1];
}

const PUBLISHER_MODEL = /\/publishers\/anthropic\/models\/(\w[\w.@-]*):(?:streamRawPredict|rawPredict)$/i;

/**
 * The model of a Vertex AI path, `…/publishers/anthropic/models/{model}:rawPredict`.
 *
 * @param path path with query, as the client wrote it
 */
export function modelOfPublisher(path: string): string | undefined {
  return PUBLISHER_MODEL.exec(plainPath(path))?.[1];
}

/**
 * The `model` of the query, as the URL of an OpenAI WebSocket can carry it; undefined where several differ.
 *
 * @param path path with query, as the client wrote it
 */
export function modelOfQuery(path: string): string | undefined {
  const start = path.indexOf('?');
  if (start < 0) return undefined;
  const words = new URLSearchParams(path.slice(start)).getAll('model').map((word) => word.trim());
  const [model] = words;
  return words.every((word) => word === model) && model !== '' ? model : undefined;
}
