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
 * A value that was given (a request, a result, an item) is not changed afterwards by whoever gave it. Large bytes
 * that are not even read again may be given away (`giveAway` of `plain_data.ts`), which saves a copy.
 *
 * An implementation may take a second parameter, {@link CallContext}. A stream that can wait long (for a change,
 * say) must look at its signal, or come from an iterator whose `return()` ends a `next()` that waits: that is
 * how it learns that nobody listens any more. (A generator's `return()` only takes effect at its next `yield`.)
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

/** What an implementation may know of the call, as its optional second parameter. */
export interface CallContext {
  /** Aborted when the caller gives up, its capability ends or its connection does. */
  readonly signal: AbortSignal;
}
