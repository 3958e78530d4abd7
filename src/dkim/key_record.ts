/**
 * The TXT record of a key, at `selector._domainkey.domain`. RFC 6376 3.6.1, RFC 8463 4.2
 *
 * @module
 */
import { base64, type Bytes, noBytes } from "../base/bytes.ts";
import { parseTagList, required } from "./tag_list.ts";
import { decodeBase64, splitColons } from "./tag_values.ts";

/** A key record. `n=` (notes) and what nobody knows is read over. */
export interface KeyRecord {
  /** `rsa` if it says nothing; others than `rsa` and `ed25519` may stand there. */
  readonly keyType: string;
  /** As `k=` has it: DER of an RSA key, 32 octets of an Ed25519 key. None: the key is revoked. */
  readonly publicKey: Bytes;
  /** Hash algorithms that may be used; null: all. */
  readonly hashes: readonly string[] | null;
  /** What the key may sign; `*` is everything. */
  readonly services: readonly string[];
  /** `y` for testing, `s` for "no subdomains in `i=`". */
  readonly flags: readonly string[];
}

/** Longest text of a record that is read; a 4096-bit key takes 760 octets. */
export const maxKeyRecordOctets = 4096;

/**
 * Reads the text of a record, its strings joined (RFC 6376 3.6.2.2), one character for each octet.
 *
 * @throws {SyntaxError}
 */
export function parseKeyRecord(text: string): KeyRecord {
  if (text.length > maxKeyRecordOctets) throw new SyntaxError(`longer than ${maxKeyRecordOctets} octets`);
  const tags = parseTagList(text);
  const version = tags.get("v");
  if (version !== undefined) {
    if (version.value !== "DKIM1") throw new SyntaxError("another version");
    if (tags.keys().next().value !== "v") throw new SyntaxError("v= is not the first tag");
  }
  const publicKey = required(tags, "p");
  const list = (name: string) => {
    const tag = tags.get(name);
    return tag === undefined ? null : splitColons(tag.value);
  };
  return {
    keyType: tags.get("k")?.value ?? "rsa",
    publicKey: publicKey === "" ? noBytes : decodeBase64(publicKey),
    hashes: list("h"),
    services: list("s") ?? ["*"],
    flags: list("t") ?? [],
  };
}

/** The record's text: `v=DKIM1; h=sha256; k=rsa; p=…`, without tags that say what is true anyway. */
export function printKeyRecord(record: KeyRecord): string {
  const tags = ["v=DKIM1"];
  if (record.hashes !== null) tags.push(`h=${record.hashes.join(":")}`);
  if (record.keyType !== "rsa") tags.push(`k=${record.keyType}`);
  if (record.services.join(":") !== "*") tags.push(`s=${record.services.join(":")}`);
  if (record.flags.length > 0) tags.push(`t=${record.flags.join(":")}`);
  tags.push(`p=${base64(record.publicKey)}`);
  return tags.join("; ");
}
