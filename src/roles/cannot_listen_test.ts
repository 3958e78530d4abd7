import assert from "node:assert/strict";
import { createServer, type Server } from "node:net";
import { cannotListen } from "./cannot_listen.ts";

const of = ["local", "smtp"] as const;

function listening(host: string, port: number): Promise<Server> {
  const server = createServer();
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host, port }, () => resolve(server));
  });
}

Deno.test("a port in use is named with its setting and what to do", async () => {
  const first = await listening("127.0.0.1", 0);
  const address = first.address();
  assert.ok(typeof address === "object" && address !== null);
  const error = await listening("127.0.0.1", address.port).then(() => null, (error) => error);
  first.close();
  assert.equal(
    cannotListen(error, ...of, address.port).message,
    `127.0.0.1:${address.port} is in use by another program: stop that, or choose another port with listeners.local.smtp.port in mailden.toml`,
  );
});

Deno.test("so is an address of another machine", async () => {
  const error = await listening("192.0.2.77", 0).then(() => null, (error) => error); // RFC 5737
  assert.match(
    cannotListen(error, ...of, 25).message,
    /^192\.0\.2\.77:25 is no address of this machine: choose others with listeners\.local\.addresses in mailden\.toml$/,
  );
});

const others: [title: string, error: unknown, said: RegExp][] = [
  [
    "a missing right",
    Object.assign(new Error(), { code: "EACCES", address: "::1" }),
    /^\[::1\]:25 needs a right .*CAP_NET_BIND_SERVICE\): give it, or change listeners\.local\.smtp\.port in mailden\.toml$/,
  ],
  [
    "what is not known",
    Object.assign(new Error("odd"), { code: "EODD", address: "::1" }),
    /^\[::1\]:25 \(listeners.*odd$/,
  ],
  ["what is no error of the system", "odd", /odd$/],
];
for (const [title, error, said] of others) {
  Deno.test(`cannotListen() tells of ${title}`, () =>
    assert.match(cannotListen(error, ...of, 25).message, said));
}
