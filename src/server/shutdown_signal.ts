/**
 * SIGTERM and SIGINT (Ctrl-C) as a promise.
 *
 * Tested by `tests/scenarios/localserve_test.ts`.
 *
 * @module
 */

/** Resolves with the first signal that asks to stop. Listens until then, or until `release` is called. */
export function shutdownSignal(): { readonly asked: Promise<Deno.Signal>; release(): void } {
  const { promise, resolve } = Promise.withResolvers<Deno.Signal>();
  const signals: Deno.Signal[] = ["SIGTERM", "SIGINT"];
  const handlers = signals.map((signal) => {
    const handler = () => resolve(signal);
    Deno.addSignalListener(signal, handler);
    return () => Deno.removeSignalListener(signal, handler);
  });
  return { asked: promise, release: () => handlers.forEach((remove) => remove()) };
}
