// How hard the fault tests try: a short form with every `npm test`, a long one with `npm run test:soak`.

/** `npm run test:soak` sets the minutes of its soak; the fault tests then take their long form. */
export const isLong = process.env.ZCSERVE_SOAK_MINUTES !== undefined;

/** How often something is tried. */
export function times(short: number, long: number): number {
  return isLong ? long : short;
}
