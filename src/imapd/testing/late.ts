/**
 * What makes a session wait: everything that it reads, writes and asks for comes late, by chance.
 *
 * Tested by `src/imapd/model_test.ts`.
 *
 * @module
 */
import { type Mail, mailMethods } from "../../accounts/mail.ts";
import type { Transport } from "../../net/transport.ts";

/** A few turns, by chance, or none. */
async function late(random: () => number): Promise<void> {
  for (let turns = Math.floor(random() * 4); turns > 0; turns--) {
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
}

/** A server's end at which what is read comes late, and what is written is taken late: as from a slow reader. */
export function lateTransport(transport: Transport, random: () => number): Transport {
  return new Proxy(transport, {
    get(_transport, name) {
      const value: unknown = Reflect.get(transport, name, transport);
      if (typeof value !== "function") return value;
      const call = (...values: unknown[]): unknown => Reflect.apply(value, transport, values);
      if (name !== "read" && name !== "write") return call;
      return async (...values: unknown[]) => {
        const result = await call(...values);
        await late(random);
        return result;
      };
    },
    set: (_transport, name, value) => Reflect.set(transport, name, value, transport),
  });
}

/**
 * Mail whose calls begin and end late, by chance, and whose changes are heard of late: as it is at the other end of a
 * connection. What was asked for first may be answered last.
 */
export function lateMail(mail: Mail, random: () => number): Mail {
  async function* stream(items: AsyncIterable<unknown>): AsyncGenerator<unknown, void, undefined> {
    await late(random);
    for await (const item of items) {
      await late(random);
      yield item;
    }
  }
  async function call(begin: () => Promise<unknown>): Promise<unknown> {
    await late(random);
    const value = await begin();
    await late(random);
    return value;
  }
  const kinds: Readonly<Record<string, "call" | "stream">> = mailMethods;
  return new Proxy(mail, {
    get(_mail, name) {
      const method: unknown = Reflect.get(mail, name, mail);
      const kind = typeof name === "string" ? kinds[name] : undefined;
      if (typeof method !== "function" || kind === undefined) return method;
      // The table of methods says which of the two each returns.
      return (request: unknown) => {
        const begin = () => Reflect.apply(method, mail, [request]) as unknown;
        return kind === "call"
          ? call(begin as () => Promise<unknown>)
          : stream(begin() as AsyncIterable<unknown>);
      };
    },
  });
}
