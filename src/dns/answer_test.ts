import assert from "node:assert/strict";
import { record, soa } from "../../tests/support/dns_server.ts";
import {
  AliasTrail,
  answerOf,
  failedAnswer,
  maxAliases,
  maxNegativeTtlSeconds,
  maxTtlSeconds,
  minTtlSeconds,
  readFinding,
} from "./answer.ts";
import { classIn, type DnsMessage, rcodes, type ResourceRecord } from "./message.ts";
import type { Name, RecordType } from "./record.ts";
import type { Answer } from "./resolver.ts";

const a = (name: Name, ttl?: number) => record(name, "A", { address: "192.0.2.1" }, ttl);
const cname = (name: Name, target: Name, ttl?: number) => record(name, "CNAME", { target }, ttl);
const dname = (name: Name, target: Name, ttl?: number) => record(name, "DNAME", { target }, ttl);

function message(parts: Partial<DnsMessage>): DnsMessage {
  return {
    id: 1,
    isResponse: true,
    opcode: 0,
    authoritative: false,
    truncated: false,
    recursionDesired: true,
    recursionAvailable: true,
    authenticData: false,
    checkingDisabled: false,
    rcode: rcodes.noError,
    question: { name: "x.example.", type: 1, class: classIn },
    answers: [],
    authorities: [],
    additionals: [],
    edns: null,
    ...parts,
  };
}

/** What messages, one after the other, say; null where another one is asked for. */
function answerFrom<T extends RecordType>(
  name: Name,
  type: T,
  ...messages: readonly Partial<DnsMessage>[]
): Answer<T> | null {
  const trail = new AliasTrail(name);
  for (const parts of messages) {
    const finding = readFinding(message(parts), type, trail);
    if (finding.kind !== "again") {
      return answerOf({ name, type, trail, finding, security: "insecure", why: "a test" });
    }
  }
  return null;
}

type Summary = readonly [status: Answer["status"], canonicalName: Name, failure: Answer["failure"]];
const summary = (answer: Answer | null): Summary | null =>
  answer && [answer.status, answer.canonicalName, answer.failure];

const nxDomain = rcodes.nxDomain;
const found: [what: string, parts: Partial<DnsMessage>, expected: Summary | null][] = [
  ["records", { answers: [a("x.example.")] }, ["found", "x.example.", null]],
  ["records in another case", { answers: [a("X.Example.")] }, ["found", "x.example.", null]],
  ["an alias and its records", { answers: [cname("x.example.", "y.example."), a("y.example.")] }, [
    "found",
    "y.example.",
    null,
  ]],
  ["an alias in the wrong order", { answers: [a("y.example."), cname("x.example.", "Y.example.")] }, [
    "found",
    "Y.example.",
    null,
  ]],
  ["an alias alone", { answers: [cname("x.example.", "y.example.")] }, null],
  ["an alias to a name without data", {
    answers: [cname("x.example.", "y.other.")],
    authorities: [soa("other.")],
  }, ["noData", "y.other.", null]],
  ["an alias, and a SOA of another zone", {
    answers: [cname("x.example.", "y.other.")],
    authorities: [soa("example.")],
  }, null],
  ["an alias to nothing", {
    rcode: nxDomain,
    answers: [cname("x.example.", "y.other.")],
    authorities: [soa("other.")],
  }, ["noSuchDomain", "y.other.", null]],
  ["nothing", {}, ["noData", "x.example.", null]],
  ["a denial", { authorities: [soa("example.")] }, ["noData", "x.example.", null]],
  ["no such name", { rcode: nxDomain, authorities: [soa("example.")] }, ["noSuchDomain", "x.example.", null]],
  ["only records of other names", { answers: [a("y.example.")] }, ["noData", "x.example.", null]],
  ["only records of another class", { answers: [{ ...a("x.example."), class: 3 }] }, [
    "noData",
    "x.example.",
    null,
  ]],
  ["an alias of another class", { answers: [{ ...cname("x.example.", "y.example."), class: 3 }] }, [
    "noData",
    "x.example.",
    null,
  ]],
  ["only records of another type", { answers: [record("x.example.", "NS", { host: "y." })] }, [
    "noData",
    "x.example.",
    null,
  ]],
  ["an alias to itself", { answers: [cname("x.example.", "X.EXAMPLE.")] }, [
    "failed",
    "X.EXAMPLE.",
    "aliases",
  ]],
  ["a circle", { answers: [cname("x.example.", "y.example."), cname("y.example.", "x.example.")] }, [
    "failed",
    "x.example.",
    "aliases",
  ]],
  ["two aliases of one name", { answers: [cname("x.example.", "y."), cname("x.example.", "z.")] }, [
    "failed",
    "x.example.",
    "serverFailure",
  ]],
  ["one alias twice", { answers: [cname("x.example.", "y."), cname("x.example.", "y."), a("y.")] }, [
    "found",
    "y.",
    null,
  ]],
  ["records, and that there is no such name", { rcode: nxDomain, answers: [a("x.example.")] }, [
    "failed",
    "x.example.",
    "serverFailure",
  ]],
  ["a record that can not be read", { answers: [{ ...a("x.example."), rdata: new Uint8Array(3) }] }, [
    "failed",
    "x.example.",
    "serverFailure",
  ]],
  ["an alias that can not be read", {
    answers: [{ ...cname("x.example.", "y."), rdata: new Uint8Array([9]) }],
  }, ["failed", "x.example.", "serverFailure"]],
  // DNAME, RFC 6672
  ["a DNAME above", { answers: [dname("example.", "other."), a("x.other.")] }, ["found", "x.other.", null]],
  ["a DNAME with its CNAME", {
    answers: [dname("example.", "other."), cname("x.example.", "x.other.", 0), a("x.other.")],
  }, ["found", "x.other.", null]],
  ["a DNAME whose CNAME lies", {
    answers: [dname("example.", "other."), cname("x.example.", "evil."), a("evil."), a("x.other.")],
  }, ["found", "x.other.", null]],
  ["a DNAME of the name itself, which says nothing of it", { answers: [dname("x.example.", "other.")] }, [
    "noData",
    "x.example.",
    null,
  ]],
  ["a DNAME of a name that only ends alike", { answers: [dname("ample.", "other.")] }, [
    "noData",
    "x.example.",
    null,
  ]],
  ["a DNAME to the root", { answers: [dname("example.", "."), a("x.")] }, ["found", "x.", null]],
  ["a DNAME of the root, which covers all that it leads to", { answers: [dname(".", "other.")] }, [
    "failed",
    `x.example.${"other.".repeat(maxAliases + 1)}`,
    "aliases",
  ]],
  ["a DNAME that makes the name too long", {
    answers: [dname("example.", `${`${"a".repeat(63)}.`.repeat(3)}${"b".repeat(60)}.`)],
  }, ["failed", "x.example.", "serverFailure"]],
];
for (const [what, parts, expected] of found) {
  Deno.test(`an answer of ${what}`, () => {
    assert.deepEqual(summary(answerFrom("x.example.", "A", parts)), expected);
  });
}

Deno.test("where CNAME or DNAME is asked for, it is the answer", () => {
  const answers = [cname("x.example.", "y.example."), a("y.example.")];
  const answer = answerFrom("x.example.", "CNAME", { answers });
  assert.deepEqual(answer?.records, [{ target: "y.example." }]);
  assert.equal(answer?.canonicalName, "x.example.");
  const dnames = answerFrom("example.", "DNAME", { answers: [dname("example.", "other.")] });
  assert.deepEqual(dnames?.records, [{ target: "other." }]);
});

Deno.test("aliases are followed over several messages, and circles found there too", () => {
  const first = { answers: [cname("x.example.", "y.other.")] };
  assert.deepEqual(summary(answerFrom("x.example.", "A", first, { answers: [a("y.other.")] })), [
    "found",
    "y.other.",
    null,
  ]);
  assert.deepEqual(summary(answerFrom("x.example.", "A", first, {})), ["noData", "y.other.", null]);
  const back = { answers: [cname("y.other.", "x.example.")] };
  assert.deepEqual(summary(answerFrom("x.example.", "A", first, back)), ["failed", "x.example.", "aliases"]);
});

Deno.test("as many aliases as the limit are followed, and one more is not", () => {
  const chain = (length: number): ResourceRecord[] => [
    ...Array.from({ length }, (_, i) => cname(`${i}.example.`, `${i + 1}.example.`)),
    a(`${length}.example.`),
  ];
  assert.equal(answerFrom("0.example.", "A", { answers: chain(maxAliases) })?.status, "found");
  const over = answerFrom("0.example.", "A", { answers: chain(maxAliases + 1) });
  assert.deepEqual([over?.status, over?.failure], ["failed", "aliases"]);
});

Deno.test("equal records count once", () => {
  const other = record("x.example.", "A", { address: "192.0.2.2" });
  const answer = answerFrom("x.example.", "A", { answers: [a("x.example."), other, a("X.example.", 5)] });
  assert.deepEqual(answer?.records, [{ address: "192.0.2.1" }, { address: "192.0.2.2" }]);
});

const ttls: [what: string, parts: Partial<DnsMessage>, seconds: number][] = [
  ["of records", { answers: [a("x.example.", 100)] }, 100],
  ["is the least of the set", {
    answers: [a("x.example.", 100), { ...a("x.example.", 50), rdata: new Uint8Array(4) }],
  }, 50],
  ["is that of the alias, if less", { answers: [cname("x.example.", "y.", 30), a("y.", 100)] }, 30],
  ["is at least the minimum", { answers: [a("x.example.", 0)] }, minTtlSeconds],
  ["is at most the maximum", { answers: [a("x.example.", 0x7fffffff)] }, maxTtlSeconds],
  ["of a denial is the SOA's minimum", { authorities: [soa("example.", 60, 300)] }, 60],
  ["of a denial is the SOA's TTL, if less", { authorities: [soa("example.", 300, 60)] }, 60],
  ["of a denial is the alias', if less", {
    answers: [cname("x.example.", "y.", 10)],
    authorities: [soa("y.", 300, 300)],
  }, 10],
  [
    "of a denial is at most the maximum",
    { authorities: [soa("example.", 86400, 86400)] },
    maxNegativeTtlSeconds,
  ],
  ["of a denial is at least the minimum", { authorities: [soa("example.", 0, 0)] }, minTtlSeconds],
  ["of a denial that nobody gave one is 0", { rcode: nxDomain }, 0],
  ["of a denial with a SOA of another zone is 0", { rcode: nxDomain, authorities: [soa("other.")] }, 0],
  ["of a denial whose SOA can not be read is the least", {
    authorities: [{ ...soa("example."), rdata: new Uint8Array(1) }],
  }, minTtlSeconds],
];
for (const [what, parts, seconds] of ttls) {
  Deno.test(`the TTL ${what}`, () => {
    assert.equal(answerFrom("x.example.", "A", parts)?.ttl, seconds);
  });
}

Deno.test("a trail tells which records were followed", () => {
  const trail = new AliasTrail("x.a.example.");
  const aliases = [dname("a.example.", "b.example."), cname("x.b.example.", "y.")];
  assert.equal(trail.follow(aliases, 1), null);
  assert.deepEqual(trail.aliases, [
    { owner: "x.a.example.", target: "x.b.example.", record: aliases[0] },
    { owner: "x.b.example.", target: "y.", record: aliases[1] },
  ]);
  assert.equal(trail.at, "y.");
});

Deno.test("a failure is bogus if validation failed, and else nobody can tell", () => {
  assert.equal(failedAnswer("a.", "A", "a.", "bogus", "").security, "bogus");
  assert.equal(failedAnswer("a.", "A", "a.", "timeout", "").security, "indeterminate");
});
