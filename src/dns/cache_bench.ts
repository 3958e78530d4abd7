/**
 * What a hit and a miss cost in a full cache, beside a bare `Map`. A hit must stay far under 10 microseconds.
 *
 * @module
 */
import { AnswerCache, defaultMaxEntries } from "./cache.ts";
import type { Answer } from "./resolver.ts";

const clock = { now: () => 0, monotonic: () => performance.now(), after: () => ({ cancel() {} }) };
const cache = new AnswerCache({ clock });
const bare = new Map<string, Answer<"MX">>();
for (let i = 0; i < defaultMaxEntries; i++) {
  const name = `host-${i}.example.org.`;
  const answer: Answer<"MX"> = {
    name,
    type: "MX",
    status: "found",
    canonicalName: name,
    records: [{ preference: 10, exchange: "mail.example.org." }],
    ttl: 86400,
    security: "secure",
    why: "a bench",
    failure: null,
  };
  cache.put(answer);
  bare.set(name, answer);
}
let next = 0;
const name = () => `host-${(next = (next + 7919) % defaultMaxEntries)}.example.org.`;

Deno.bench("a bare Map", { group: "get", baseline: true }, () => void bare.get(name()));
Deno.bench("a hit", { group: "get" }, () => void cache.get(name(), "MX"));
Deno.bench("a hit in another case", { group: "get" }, () => void cache.get(name().toUpperCase(), "MX"));
Deno.bench("a miss", { group: "get" }, () => void cache.get(name(), "A"));
