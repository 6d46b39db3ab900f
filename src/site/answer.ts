// What a site is to those who receive requests for it.
import type { FileEntry } from '../files/entry.ts';
import type { RequestHead } from '../plan/request.ts';
import type { ResponsePlan } from '../plan/types.ts';

export type Answer = ResponsePlan<FileEntry>;

/** Answers a request head. Synchronous when everything is cached; never throws, never rejects. */
export type Handler = (request: RequestHead) => Answer | Promise<Answer>;
