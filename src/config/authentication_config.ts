/**
 * The part of `mailden.toml` about whose word on a message's origin counts, and whose does not.
 *
 * @module
 */
import { normalForm } from "../address/domain.ts";
import { list, table, text } from "./schema.ts";

const name = text({
  doc: "",
  check: (value) =>
    normalForm(value) === null
      ? "is no domain: write it as example.org, without a dot at its end, and without * or @"
      : null,
});

/** `[authentication]`. */
export const authentication = table({
  trustedSealers: list(name, {
    doc:
      `Domains whose ARC seals are believed (RFC 8617 7.2), as of a mailing list or of the provider that forwards your mail:
what DMARC said when a message reached them counts, where it fails here. Each could have mail in anybody's name taken.`,
  }),
  formerNames: list(name, {
    doc:
      `Names under which this server, or another of yours, has written Authentication-Results before (RFC 8601 5). Incoming
messages that bear results of these names, of the present ones or of your domains are marked as not to be believed.`,
  }),
}, "Whose word on who sent a message counts.");

/** Such a list in normal form, as it is compared. */
export function normalNames(names: readonly string[]): string[] {
  return [...new Set(names.map((each) => normalForm(each) ?? each))];
}
