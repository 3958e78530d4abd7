/**
 * Notices as the store sends them: written by {@link composeNotice}, and signed, so that who passes one on, or keeps it
 * elsewhere, can still show where it is from.
 *
 * They are from the postmaster of the sender's own domain where that has keys, else of this server: both exist
 * (RFC 5321 4.5.1), and the first is signed. Nobody but the store writes them, and nobody can have one written of their
 * own choice: what strangers say in them stands where a notice has strangers' words.
 *
 * @module
 */
import { normalForm } from "../address/domain.ts";
import { type Bytes, concat, indexOfBytes, latin1, utf8 } from "../base/bytes.ts";
import type { Signing } from "../delivery/signing.ts";
import type { NoticeFacts } from "./conclude.ts";
import { composeNotice } from "./notices.ts";

/** What notices of this server have in common. */
export interface SignedNoticeParts {
  /** This server's name. */
  readonly hostname: string;
  readonly signing: Signing;
  /** 24 or more letters and digits that nobody can guess. */
  readonly random: () => string;
}

/** Writes and signs a notice; null if it is about nobody who could be told. */
export function composeSignedNotice(
  { hostname, signing, random }: SignedNoticeParts,
  facts: NoticeFacts,
  original: Bytes,
): Bytes | null {
  const domain = signingDomain(signing, facts) ?? hostname;
  const postmaster = { local: "postmaster", domain };
  const message = composeNotice({ hostname, postmaster, random }, facts, original);
  if (message === null) return null;
  const end = indexOfBytes(message, emptyLine) + emptyLine.length;
  const fields = signing.sign({
    fromDomain: domain,
    header: message.subarray(0, end),
    body: [message.subarray(end)],
    now: facts.at,
  });
  return fields === "" ? message : concat([utf8(fields), message]);
}

/** We wrote the header: it has an end. */
const emptyLine = latin1("\r\n\r\n");

/** Of the sender, if its mail is signed here. */
function signingDomain(signing: Signing, { recipients }: NoticeFacts): string | null {
  const sender = recipients[0]?.row.sender ?? "";
  const domain = normalForm(sender.slice(sender.lastIndexOf("@") + 1));
  return domain !== null && signing.signs(domain) ? domain : null;
}
