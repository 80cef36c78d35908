/**
 * Patterns of the built-in paths. They are compared with a path in normal form: query cut, decoded, without dot
 * segments, ASCII lower case.
 *
 * - `/chat/completions`: whole segments at the end, under any prefix;
 * - `:generateContent`: a method name at the end of the last segment (Google's custom methods);
 * - `/model/{id}/invoke*`: the last segment begins with `invoke` and stands somewhere below `/model/`; `{id}` is one or
 *   more segments, since an ARN holds slashes;
 * - `/models/{id}:rawPredict`: the same with a method name at the end of the last segment.
 */
export function compilePathPattern(pattern: string): (path: string) => boolean {
  const folded = pattern.toLowerCase();
  const [before = '', after] = folded.split('{id}');
  if (after === undefined) return (path) => path.endsWith(folded);
  if (!after.startsWith('/')) {
    return (path) => {
      const model = path.indexOf(before);
      return model >= 0 && path.endsWith(after) && model + before.length < path.length - after.length;
    };
  }
  const beginning = after.slice(1).replace(/\*$/, '');
  return (path) => {
    const last = path.lastIndexOf('/');
    const model = path.indexOf(before);
    return model >= 0 && model + before.length < last && path.startsWith(beginning, last + 1);
  };
}
