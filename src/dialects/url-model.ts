/**
 * The deployment stands directly before the API's own path, in plain characters: anything else could be read in two
 * ways, and a client could name a model that is not served.
 */
const DEPLOYMENT =
  /\/deployments\/(\w[\w.-]*)\/(?:chat\/completions|responses|responses\/compact)\/?(?:\?|$)/i;

/**
 * The deployment of an Azure OpenAI path, `/openai/deployments/{deployment}/chat/completions`. Azure serves it whatever
 * `model` the body names.
 *
 * @param path path with query, as the client wrote it
 */
export function deploymentOf(path: string): string | undefined {
  return DEPLOYMENT.exec(path)?.[1];
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
