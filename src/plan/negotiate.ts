// Proactive negotiation: which content coding, and which media type, a client would rather have. RFC 9110 §12.5.
import type { RequestFields } from './request.ts';
import type { Coding, FileCoding, Representation, Resource } from './types.ts';

interface Preference {
  /** Lower-case coding, media range, or '*'. */
  readonly name: string;
  /** Parameters before the weight, lower-case; '' where there are none. */
  readonly parameters: string;
  /** 0 … 1; 0 = not acceptable (§12.4.2). */
  readonly weight: number;
}

/**
 * Reads a weighted list. Elements that break the grammar are left out: what a client did not say clearly
 * it did not say. (negotiator, the usual library, hides the weights, and equal weights must be told apart
 * by size here; nor does it know x-gzip.)
 */
export function parsePreferences(value: string): readonly Preference[] {
  const preferences: Preference[] = [];
  for (const element of value.toLowerCase().split(',')) {
    const [name = '', ...parameters] = element.split(';').map((part) => part.trim());
    if (!/^[!#$%&'*+\-.^_`|~\w]+(?:\/[!#$%&'*+\-.^_`|~\w]+)?$/.test(name)) continue;
    const q = parameters.findIndex((parameter) => parameter.startsWith('q='));
    const weight = q === -1 ? 1 : parseWeight(parameters[q]?.slice(2) ?? '');
    if (weight === undefined) continue;
    const own = q === -1 ? parameters : parameters.slice(0, q);
    preferences.push({ name, parameters: own.join(';'), weight });
  }
  return preferences;
}

/** qvalue, §12.4.2. */
function parseWeight(text: string): number | undefined {
  return /^(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/.test(text) ? Number(text) : undefined;
}

/** What Accept-Encoding says of a coding; undefined = nothing, neither by name nor by `*`. */
function codingWeight(preferences: readonly Preference[], coding: Coding): number | undefined {
  const named = preferences.find(
    // §8.4.1.3: x-gzip is equivalent to gzip.
    ({ name }) => name === coding || (coding === 'gzip' && name === 'x-gzip'),
  );
  return (named ?? preferences.find(({ name }) => name === '*'))?.weight;
}

/**
 * Chooses the representation: the highest weight, among equals the smallest (§12.5.3). Without
 * Accept-Encoding every coding is acceptable, but only identity is understood for sure. An identity that
 * the field does not mention is acceptable and preferred to nothing.
 *
 * Where nothing is acceptable (`identity;q=0` and no fitting variant) identity is sent all the same: the
 * field is a preference that a server may disregard (§12.4.1), a client can use an uncoded file, and
 * nothing it could do with a 406 is better. `availableDictionary`: the field's value.
 */
export function selectRepresentation<F extends Representation>(
  acceptEncoding: string | undefined,
  { identity, variants }: Resource<F>,
  availableDictionary?: string | undefined,
): F {
  if (acceptEncoding === undefined || variants.length === 0) return identity;
  const preferences = parsePreferences(acceptEncoding);
  const unmentioned = Number.MIN_VALUE;
  let best = identity;
  let bestWeight = codingWeight(preferences, 'identity') ?? unmentioned;
  for (const variant of variants) {
    const weight = isDecodable(variant, preferences, availableDictionary)
      ? (codingWeight(preferences, variant.coding) ?? 0)
      : 0;
    if (weight === 0 || weight < bestWeight) continue;
    if (weight > bestWeight || variant.size < best.size) {
      best = variant;
      bestWeight = weight;
    }
  }
  return best;
}

/** RFC 9842 §2.2: what is encoded by a dictionary is for who has just that one, and names the coding: `*` does not mean it. */
function isDecodable(
  { coding, dictionary }: Representation,
  preferences: readonly Preference[],
  availableDictionary: string | undefined,
): boolean {
  if (dictionary === undefined) return true;
  return dictionary === availableDictionary && preferences.some(({ name }) => name === coding);
}

/**
 * The coding that the client would rather have than what there is, of those that could be made (best first). Undefined where
 * it has it, or would rather have none.
 */
export function missingCoding(
  acceptEncoding: string | undefined,
  { variants }: Resource<Representation>,
  makeable: readonly FileCoding[],
): FileCoding | undefined {
  if (acceptEncoding === undefined) return undefined;
  const preferences = parsePreferences(acceptEncoding);
  let best: FileCoding | undefined;
  let bestWeight = codingWeight(preferences, 'identity') ?? Number.MIN_VALUE;
  for (const coding of makeable) {
    const weight = codingWeight(preferences, coding) ?? 0;
    if (weight < bestWeight || (weight === bestWeight && best !== undefined)) continue;
    best = coding;
    bestWeight = weight;
  }
  return variants.some(({ coding }) => coding === best) ? undefined : best;
}

/** Would the client take the body in any coding? */
export function acceptsCoding(acceptEncoding: string | undefined): boolean {
  const preferences = parsePreferences(acceptEncoding ?? '');
  return preferences.some(({ name, weight }) => name !== 'identity' && weight > 0);
}

/** What Accept says of types without parameters: ranges with some other than charset are about other types. */
function mediaRanges(accept: string): readonly Preference[] {
  return parsePreferences(accept).filter(
    ({ parameters }) => parameters === '' || /^charset=[^;]*$/.test(parameters),
  );
}

/** The weight that Accept gives a media type; the most specific range counts (§12.5.1). */
function mediaWeight(accept: string | undefined, type: string): number {
  if (accept === undefined) return 1;
  const ranges = mediaRanges(accept);
  for (const range of [type, `${type.slice(0, type.indexOf('/'))}/*`, '*/*']) {
    const match = ranges.find(({ name }) => name === range);
    if (match !== undefined) return match.weight;
  }
  return 0;
}

/** Fetch Metadata: destinations that show a page. */
const PAGES: ReadonlySet<string | undefined> = new Set([
  'document',
  'iframe',
  'frame',
  'fencedframe',
]);

/** Those that no page is for. What a script fetches (`empty`) and what is embedded may be one: Accept says. */
const PARTS: ReadonlySet<string | undefined> = new Set([
  ...['audio', 'audioworklet', 'font', 'image', 'json', 'manifest', 'paintworklet', 'report'],
  ...['script', 'serviceworker', 'sharedworker', 'style', 'track', 'video', 'worker', 'xslt'],
]);

/**
 * Is it the load of a page, which a single-page app answers whatever the path? The browser says so itself, or whoever asks
 * names text/html. Where all types are alike to it, the path decides: what ends in an extension is a file.
 */
export function isNavigation(fields: RequestFields, looksLikeFile: boolean): boolean {
  const destination = fields['sec-fetch-dest'];
  if (PAGES.has(destination)) return true;
  if (PARTS.has(destination)) return false;
  const { accept } = fields;
  return namesHtml(accept) || (!looksLikeFile && mediaWeight(accept, 'text/html') > 0);
}

/** Does a browser load a page to show it now? Who fetches it ahead follows no hints. */
export function isPageLoad(fields: RequestFields): boolean {
  return fields['sec-purpose'] === undefined && fields['sec-fetch-dest'] === 'document';
}

function namesHtml(accept: string | undefined): boolean {
  if (accept === undefined) return false;
  return mediaRanges(accept).some(({ name, weight }) => name === 'text/html' && weight > 0);
}

/** Does the client name server-sent events, as EventSource does (WHATWG HTML §9.2.3)? */
export function acceptsEvents(accept: string | undefined): boolean {
  if (accept === undefined) return false;
  return mediaRanges(accept).some(({ name, weight }) => name === 'text/event-stream' && weight > 0);
}

/** Would the client rather have JSON than HTML? A tie is for HTML. */
export function prefersJson(accept: string | undefined): boolean {
  return mediaWeight(accept, 'application/json') > mediaWeight(accept, 'text/html');
}
