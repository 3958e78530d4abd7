/**
 * Sealing: the ARC set of a handler that passes a message on. RFC 8617 5.1
 *
 * @module
 */
import { asciiDomain, parseDomain } from "../address/domain.ts";
import { noBytes } from "../base/bytes.ts";
import type { Millis } from "../base/clock.ts";
import { asciiLower } from "../base/scanner.ts";
import type { DkimBodyHasher } from "../dkim/body_hasher.ts";
import { HeaderSection } from "../dkim/header_section.ts";
import {
  algorithmOf,
  bodyHash,
  canonicalField,
  defaultSignedFields,
  fillIn,
  namesToSign,
  type Signer,
  signField,
} from "../dkim/sign.ts";
import { printSigningTags, type SigningTags } from "../dkim/signature.ts";
import { printTagField } from "../dkim/tag_list.ts";
import { asciiSelector, readSelector } from "../dkim/tag_values.ts";
import { collectSets, maxInstances } from "./sets.ts";
import type { ArcResult } from "./verify.ts";

/** A message to be sealed. */
export interface ToSeal {
  /** The header section as it will be sent, with all that else is added to it. RFC 8617 5.1, step 1 */
  readonly header: Uint8Array;
  /** Of the message as it will be sent, finished. */
  readonly body: DkimBodyHasher;
  /** What was found when the message arrived. */
  readonly chain: ArcResult;
  /**
   * What else was found then: `authserv-id; results` as in Authentication-Results, of this handler and nobody
   * else. RFC 8617 4.1.1. One character for each octet; may be folded.
   */
  readonly results: string;
  /** Its identity and expiration are for DKIM and not used. */
  readonly signer: Signer;
  readonly now: Millis;
}

/** Fields that never go into a message signature. RFC 8617 4.1.2 */
const neverSigned = new Set([
  "authentication-results",
  "arc-authentication-results",
  "arc-message-signature",
  "arc-seal",
]);

/**
 * The three fields of a new set, ARC-Seal first, each with its line end: to be put in front of the header
 * section.
 *
 * @returns Null where there is nothing to seal: the chain is marked as broken already, or has no room. RFC 8617
 * 5.1
 * @throws {SyntaxError} If the results could not stand in a header field.
 * @throws {TypeError} If the signer is wrong, as for DKIM; or the chain is not that of this header.
 */
export function sealMessage(
  message: ToSeal,
): readonly [seal: string, signature: string, results: string] | null {
  const { chain, signer } = message;
  const instance = chain.instances + 1;
  if (chain.isMarked || instance > maxInstances) return null;
  const section = new HeaderSection(message.header);
  const results = printResults(instance, message.results);
  const signature = signAgain(section, message, instance);
  const unsealed = printTagField("ARC-Seal", [
    ["i", String(instance)],
    ["a", algorithmOf(signer.key)],
    ["cv", chain.status],
    ["d", asciiDomain(parseDomain(signer.domain))],
    ["s", asciiSelector(readSelector(signer.selector))],
    ["t", String(Math.floor(message.now / 1000))],
    ["b", ""],
  ]);
  const text = `${earlierSets(section, chain)}${canonicalField(results, "relaxed")}\r\n` +
    `${canonicalField(signature, "relaxed")}\r\n${canonicalField(unsealed, "relaxed")}`;
  return [`${fillIn(unsealed, text, signer.key)}\r\n`, `${signature}\r\n`, `${results}\r\n`];
}

/** What the seal signs of the chain so far; nothing of one that is broken. RFC 8617 5.1.1, 5.1.2 */
function earlierSets(section: HeaderSection, chain: ArcResult): string {
  if (chain.status === "fail") return "";
  const found = collectSets(section);
  const sets = found.kind === "sets" ? found.sets : [];
  if (found.kind === "broken" || sets.length !== chain.instances) {
    throw new TypeError("the chain is not the one of this header section");
  }
  let text = "";
  for (const { results, signature, seal } of sets) {
    for (const field of [results, signature.field, seal.field]) text += section.canonical(field, "relaxed");
  }
  return text;
}

/** ARC-Message-Signature. RFC 8617 4.1.2 */
function signAgain(section: HeaderSection, message: ToSeal, instance: number): string {
  const { signer } = message;
  const fields = (signer.fields ?? defaultSignedFields).filter((name) => !neverSigned.has(asciiLower(name)));
  const signing: SigningTags = {
    algorithm: algorithmOf(signer.key),
    signature: noBytes,
    domain: parseDomain(signer.domain),
    selector: readSelector(signer.selector),
    timestamp: Math.floor(message.now / 1000),
    bodyHash: bodyHash(message.body, signer.bodyCanonicalization),
    headerCanonicalization: signer.headerCanonicalization,
    bodyCanonicalization: signer.bodyCanonicalization,
    signedFields: [
      ...namesToSign(
        section,
        fields.filter((name) => asciiLower(name) !== "dkim-signature"),
        signer.seal ?? true,
      ),
      // RFC 8617 4.1.2: those that are there. Later handlers may well add theirs.
      ...section.all("dkim-signature").map(() => "dkim-signature"),
    ],
    bodyLength: null,
    expiration: null,
  };
  const field = printTagField("ARC-Message-Signature", [
    ["i", String(instance)],
    ["a", signing.algorithm],
    ...printSigningTags(signing),
  ]);
  return signField(section, field, signing, signer.key);
}

/** ARC-Authentication-Results, without its last line end. RFC 8617 4.1.1 */
function printResults(instance: number, results: string): string {
  if (/\r(?!\n[ \t])|(?<!\r)\n|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]/.test(results)) {
    throw new SyntaxError("results that are not folded as a field is");
  }
  return `ARC-Authentication-Results: i=${instance}; ${results}`;
}
