/**
 * What a test started, stopped in reverse order, whatever happened.
 */
export function createCleanup(): { add(stop: () => unknown): void; run(): Promise<void> } {
  const stops: (() => unknown)[] = [];
  return {
    add(stop) {
      stops.push(stop);
    },
    async run() {
      const errors: unknown[] = [];
      for (const stop of stops.splice(0).reverse()) {
        try {
          await stop();
        } catch (error) {
          errors.push(error);
        }
      }
      if (errors.length > 0) throw new AggregateError(errors, "cleaning up failed");
    },
  };
}
