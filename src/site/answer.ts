// What a site is to those who receive requests for it.
import type { FileEntry } from '../files/entry.ts';
import type { RequestHead } from '../plan/request.ts';
import type { Reach, ResponsePlan } from '../plan/types.ts';

export type Answer = ResponsePlan<FileEntry>;

/**
 * Answers a request head, as far as bodies get by its connection. Synchronous when everything is cached; never throws,
 * never rejects.
 */
export type Handler = (request: RequestHead, reach: Reach) => Answer | Promise<Answer>;
