import assert from "node:assert/strict";
import type { Address } from "../address/address.ts";
import { Addresses, type DestinationSettings, type Domains, type Lookup } from "./addresses.ts";

const destination = (mailbox = "Inbox"): DestinationSettings => ({ mailbox, refusal: null });

const domains: Domains = {
  hostnames: ["mail.example.org"],
  postmaster: { account: "ann", mailbox: "Postmaster" },
  domains: new Map([
    ["example.org", {
      disabled: false,
      localpartCaseSensitive: false,
      localpartCatchallSeparators: ["+", "--"],
    }],
    ["strict.example", { disabled: false, localpartCaseSensitive: true, localpartCatchallSeparators: [] }],
    ["off.example", { disabled: true, localpartCaseSensitive: false, localpartCatchallSeparators: ["+"] }],
    ["all.example", { disabled: false, localpartCaseSensitive: false, localpartCatchallSeparators: [] }],
  ]),
  accounts: new Map([
    ["ann", {
      destinations: new Map<string, DestinationSettings>([
        ["Ann@example.org", destination()],
        ["ann@off.example", destination()],
        ["Ann@strict.example", destination("Strict")],
        ["old@all.example", { mailbox: "Inbox", refusal: { code: 550, text: "moved away" } }],
      ]),
    }],
    ["bob", {
      destinations: new Map<string, DestinationSettings>([
        ["bob@example.org", destination("Work")],
        ["@all.example", destination("All")],
      ]),
    }],
  ]),
  acceptAny: null,
};

function address(text: string): Address {
  const at = text.lastIndexOf("@");
  return at === -1 ? { local: text, domain: "" } : { local: text.slice(0, at), domain: text.slice(at + 1) };
}

const to = (account: string, mailbox: string, written: string | null): Lookup => ({
  kind: "local",
  account,
  mailbox,
  destination: written,
});

const resolutions: [address: string, lookup: Lookup][] = [
  ["ann@example.org", to("ann", "Inbox", "Ann@example.org")],
  ["ANN@example.org", to("ann", "Inbox", "Ann@example.org")],
  ["ann+lists@example.org", to("ann", "Inbox", "Ann@example.org")],
  ["ann--lists+x@example.org", to("ann", "Inbox", "Ann@example.org")],
  ["bob+Ann@example.org", to("bob", "Work", "bob@example.org")],
  ["+ann@example.org", { kind: "unknownAddress" }],
  ["carl@example.org", { kind: "unknownAddress" }],
  ["Ann@strict.example", to("ann", "Strict", "Ann@strict.example")],
  ["ann@strict.example", { kind: "unknownAddress" }],
  ["Ann+x@strict.example", { kind: "unknownAddress" }],
  ["ann@off.example", { kind: "disabled" }],
  ["nobody@off.example", { kind: "disabled" }],
  ["ann@elsewhere.example", { kind: "unknownDomain" }],
  ["ann@[192.0.2.1]", { kind: "unknownDomain" }],
  ["anybody@all.example", to("bob", "All", "@all.example")],
  ["old@all.example", { kind: "refused", code: 550, text: "moved away" }],
  // RFC 5321 4.5.1: in any case, with or without the domain.
  ["Postmaster", to("ann", "Postmaster", null)],
  ["POSTMASTER@mail.example.org", to("ann", "Postmaster", null)],
  ["postmaster@example.org", to("ann", "Postmaster", null)],
  ["PostMaster@strict.example", to("ann", "Postmaster", null)],
  ["postmaster@all.example", to("bob", "All", "@all.example")],
  ["ann", { kind: "unknownDomain" }],
  ["ann@mail.example.org", { kind: "unknownDomain" }],
];
for (const [text, lookup] of resolutions) {
  Deno.test(`resolve() of ${text}`, () =>
    assert.deepEqual(new Addresses(domains).resolve(address(text)), lookup));
}

Deno.test("one account can take what nobody else does, but not what is refused or disabled", () => {
  const any = new Addresses({ ...domains, postmaster: null, acceptAny: "bob" });
  for (const text of ["carl@example.org", "x@nowhere.example", "Postmaster", "a@[192.0.2.1]"]) {
    assert.deepEqual(any.resolve(address(text)), to("bob", "Inbox", null));
  }
  assert.equal(any.resolve(address("ann@example.org")).kind, "local");
  assert.equal(any.resolve(address("old@all.example")).kind, "refused");
  assert.equal(any.resolve(address("ann@off.example")).kind, "disabled");
  assert.equal(any.maySend("bob", address("x@nowhere.example")), true);
  assert.equal(any.maySend("bob", address("ann@example.org")), false);
  assert.equal(any.accountOfLogin(address("x@nowhere.example")), null);
});

const logins: [address: string, account: string | null, maySend: boolean][] = [
  ["ann@example.org", "ann", true],
  ["ann+x@example.org", "ann", true],
  ["someone@all.example", "bob", true],
  ["ann@off.example", "ann", false],
  ["postmaster@example.org", null, false],
  ["Postmaster", null, false],
  ["carl@example.org", null, false],
  ["ann@elsewhere.example", null, false],
  ["old@all.example", "ann", true],
];
for (const [text, account, maySend] of logins) {
  Deno.test(`${text} signs in as ${account}`, () => {
    const addresses = new Addresses(domains);
    assert.equal(addresses.accountOfLogin(address(text)), account);
    for (const each of ["ann", "bob"]) {
      assert.equal(addresses.mayLogin(each, address(text)), each === account);
      assert.equal(addresses.maySend(each, address(text)), maySend && each === account);
    }
  });
}

Deno.test("two accounts cannot have one address", () => {
  const accounts = new Map(domains.accounts);
  accounts.set("eve", { destinations: new Map([["ANN+y@example.org", destination()]]) });
  assert.throws(() => new Addresses({ ...domains, accounts }), TypeError);
  accounts.set("eve", { destinations: new Map([["no address", destination()]]) });
  assert.throws(() => new Addresses({ ...domains, accounts }), TypeError);
});
