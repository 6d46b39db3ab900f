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
      if (found.status !== 404 || isSpared(request.target)) return found;
      const answer = handler({ ...request, target }, reach);
      const choose = (instead: Answer) => (instead.status === 404 ? found : instead);
      return answer instanceof Promise ? answer.then(choose) : choose(answer);
    };
    const found = handler(request, reach);
    return found instanceof Promise ? found.then(orPage) : orPage(found);
  };
}
