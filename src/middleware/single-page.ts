// sirv's `single`: one page for every path that finds nothing, but for those that are spared.
import { normalTarget } from '../http/target.ts';
import type { Answer, Handler } from '../site/answer.ts';

/** The handler with its page; the same handler where there is none. */
export function withSinglePage(
  handler: Handler,
  page: string | undefined,
  spared: readonly RegExp[],
): Handler {
  if (page === undefined) return handler;
  const target = normalTarget(`/${page.replace(/^\/+/, '')}`);

  const isSpared = (asked: string) => {
    const [path = ''] = asked.split('?', 1);
    return spared.some((pattern) => pattern.test(path));
  };
  return (request, reach) => {
    const orPage = (found: Answer): Answer | Promise<Answer> => {
      if (!isMiss(found) || isSpared(request.target)) return found;
      const answer = handler({ ...request, target }, reach);
      const choose = (instead: Answer) => (isMiss(instead) ? found : instead);
      return answer instanceof Promise ? answer.then(choose) : choose(answer);
    };
    const found = handler(request, reach);
    return found instanceof Promise ? found.then(orPage) : orPage(found);
  };
}

/** Also a path that can be no file's (`/a%2Fb`) is a route. */
function isMiss({ status }: Answer): boolean {
  return status === 404 || status === 400;
}
