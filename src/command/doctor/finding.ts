// What the doctor reports: one line for each thing that was looked at.

/** `good`: undefined where there is nothing to judge. */
export interface Finding {
  readonly subject: string;
  readonly good: boolean | undefined;
  readonly text: string;
}

export function finding(subject: string, good: boolean | undefined, text: string): Finding {
  return { subject, good, text };
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
