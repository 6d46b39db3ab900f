// How long a connection lingers whose client may still send when it has been answered. nginx: lingering_time.

/** For a client to notice that it is answered, ms. */
export const LINGER_MS = 30_000;

/** Bytes that are dropped of what comes: there are clients that read no answer before all is sent. */
export const LINGER_BYTES = 64 * 2 ** 20;
