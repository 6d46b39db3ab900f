// Bounds what is held at a time.

export interface Gate {
  /** Resolves when so much fits beside what was let in before; alone, anything fits. First come, first let in. */
  enter(amount: number): Promise<void>;
  leave(amount: number): void;
}

export function createGate(limit: number): Gate {
  let held = 0;
  const waiting: { readonly amount: number; readonly enter: () => void }[] = [];
  const next = (): void => {
    for (let first = waiting[0]; first !== undefined; first = waiting[0]) {
      if (held > 0 && held + first.amount > limit) return;
      held += first.amount;
      waiting.shift();
      first.enter();
    }
  };
  return {
    enter: (amount) =>
      new Promise((enter) => {
        waiting.push({ amount, enter });
        next();
      }),
    leave(amount) {
      held -= amount;
      next();
    },
  };
}
