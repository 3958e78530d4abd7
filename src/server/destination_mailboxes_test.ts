import assert from "node:assert/strict";
import { dynamicSchema } from "../config/dynamic_config.ts";
import { readConfig } from "../config/load.ts";
import { checkDestinationMailboxes } from "./destination_mailboxes.ts";

const read = (mailbox: string) =>
  readConfig(
    `[domains."example.org"]
[accounts.you]
domain = "example.org"
[accounts.you.destinations]
"you@example.org" = {}
"list@example.org" = { mailbox = ${JSON.stringify(mailbox)} }
`,
    "domains.toml",
    dynamicSchema,
    checkDestinationMailboxes,
  );

for (const mailbox of ["Inbox", "inbox/a", "Lists/news", "Bücher", "Junk"]) {
  Deno.test(`mail can go to ${mailbox}`, () => void read(mailbox));
}

const refused: [mailbox: string, why: RegExp][] = [
  ["", /mailbox name has an empty level/],
  ["a//b", /mailbox name has an empty level/],
  ["/a", /mailbox name has an empty level/],
  ["a/../b", /a level \. or \.\./],
  ["a\tb", /has control characters/],
  ["#a", /begins with #/],
  ["Other Users/ann/Inbox", /is among those of other accounts/],
  ["a".repeat(2000), /too long/],
];
for (const [mailbox, why] of refused) {
  Deno.test(`mail cannot go to ${JSON.stringify(mailbox.slice(0, 30))}`, () => {
    assert.throws(() => read(mailbox), (error: Error) => {
      assert.match(
        error.message,
        /^domains\.toml:6: accounts\.you\.destinations\."list@example\.org"\.mailbox: /,
      );
      assert.match(error.message, why);
      return true;
    });
  });
}
