/**
 * What every implementation of `Mail` does, as tests: for the store's, for the twin in memory, and for either behind an
 * RPC connection.
 *
 * ```ts
 * testMail("MemoryMail", () => …);
 * ```
 *
 * @module
 */
import { contentTests } from "./conformance_content.ts";
import { mailboxTests } from "./conformance_mailboxes.ts";
import { messageTests } from "./conformance_messages.ts";
import { modelTests } from "./conformance_model.ts";
import { searchTests } from "./conformance_search.ts";
import { sharingTests } from "./conformance_sharing.ts";
import { sortTests } from "./conformance_sort.ts";
import type { MakeMail } from "./conformance_support.ts";

export type { MailUnderTest, MakeMail } from "./conformance_support.ts";

/** Registers every test for an implementation. */
export function testMail(title: string, make: MakeMail): void {
  const all = [
    mailboxTests,
    messageTests,
    contentTests,
    searchTests,
    sortTests,
    sharingTests,
    modelTests,
  ];
  for (const tests of all) {
    for (const [name, test] of Object.entries(tests)) {
      Deno.test(`${title}: ${name}`, async () => {
        const under = await make();
        try {
          await test(under);
        } finally {
          await under.close();
        }
      });
    }
  }
}
