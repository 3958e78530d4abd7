/**
 * Typed calls between roles: what a service is.
 *
 * A service is an interface of asynchronous methods, each with one argument of plain data. A method either
 * answers once (`call`) or streams (`stream`: the consumer's `for await` is the back-pressure, and leaving
 * the loop cancels the work). The same interface is implemented by the store, by the client of an RPC
 * connection, and by twins in tests; callers cannot tell which they hold.
 *
 * Beside each interface stands the list of its methods, which is also what may be called from outside:
 *
 * ```ts
 * export const mailMethods = { list: "call", fetch: "stream" } satisfies Methods<Mail>;
 * ```
 *
 * Plain data: null, booleans, numbers, strings, `Uint8Array` and the other typed arrays, arrays, and objects
 * of these (`undefined` members are left out). Never a class, a Map, a function.
 *
 * @module
 */

/** The kind of each method of `T`. */
export type Methods<T> = {
  readonly [K in keyof T]: T[K] extends (request: infer _A) => AsyncIterable<infer _R> ? "stream" : "call";
};
