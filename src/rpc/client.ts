/**
 * A service of the other end, as an object with its methods.
 *
 * Tested by `src/rpc/testing/carrier_conformance.ts`, which both carriers pass.
 *
 * @module
 */
import type { CallOptions } from "./caller.ts";
import type { Asker } from "./connection.ts";
import type { Plain } from "./plain_data.ts";
import type { Methods } from "./service.ts";

/** `T` as it is at a distance: each method also takes {@link CallOptions}. */
export type Client<T> = {
  readonly [K in keyof T]: T[K] extends (request: infer A) => infer R
    ? (request: A, options?: CallOptions) => R
    : never;
};

/**
 * The service `name` of the other end.
 *
 * Calls reject with `Refused`, with `RemoteFailure` where the other end has a bug, with TypeError where the
 * request is not plain data, or with the reason of the signal in the options.
 *
 * @param capability What opens it, for services that need one.
 */
export function client<T extends object>(
  connection: Asker,
  name: string,
  methods: Methods<T>,
  capability: string | null = null,
): Client<T> {
  const made: Record<string, (request: Plain, options?: CallOptions) => unknown> = {};
  for (const [method, kind] of Object.entries(methods)) {
    const target = { service: name, method, capability };
    made[method] = kind === "stream"
      ? (request, options) => connection.stream(target, request, options)
      : (request, options) => connection.call(target, request, options);
  }
  // Methods<T> lists exactly the methods of T, each with its kind.
  return Object.freeze(made) as Client<T>;
}
