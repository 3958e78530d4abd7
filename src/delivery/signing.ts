/**
 * DKIM signatures of what this server's users send. RFC 6376 5, RFC 6409 8
 *
 * There is no "sign this": the store signs inside a submission whose From it has checked, with the keys of that From's
 * domain, and keys never leave it.
 *
 * @module
 */
import type { KeyObject } from "node:crypto";
import { asciiDomain } from "../address/domain.ts";
import type { Bytes } from "../base/bytes.ts";
import type { Millis } from "../base/clock.ts";
import { recordOf } from "../dkim/keys.ts";
import { bodyHasherFor, type Signer, signMessage } from "../dkim/sign.ts";

/** How a domain's selector signs, as the configuration says it. */
export interface SelectorSettings {
  /** Empty: the usual fields. */
  readonly headers: readonly string[];
  readonly dontSealHeaders: boolean;
  readonly relaxedHeader: boolean;
  readonly relaxedBody: boolean;
  /** Milliseconds. */
  readonly expiration: number;
}

/** The public half of a selector's key, as it is published. */
export interface KeyRecordName {
  /** Absolute, in A-labels: `selector._domainkey.example.org.` */
  readonly name: string;
  readonly text: string;
}

/** A message that was submitted. */
export interface SubmittedMessage {
  /** Of the address in From, in normal form. */
  readonly fromDomain: string;
  /** Its header section as it will be sent, up to the empty line. */
  readonly header: Bytes;
  /** Its body, in pieces. */
  readonly body: Iterable<Bytes>;
  readonly now: Millis;
  /** When it is sent at the earliest, from when on its signatures are to be good for their time; now if absent. */
  readonly release?: Millis;
}

/** The signers of each domain. */
export class Signing {
  readonly #signers = new Map<string, Signer[]>();
  readonly #records: KeyRecordName[] = [];

  /** Adds a selector. @param signs Whether it signs, or is only published. @throws {TypeError} For settings that cannot be. */
  add(domain: string, selector: string, key: KeyObject, settings: SelectorSettings, signs: boolean): void {
    this.#records.push({ name: `${selector}._domainkey.${asciiDomain(domain)}.`, text: recordOf(key) });
    if (!signs) return;
    const signer: Signer = {
      domain,
      selector,
      key,
      ...(settings.headers.length === 0 ? {} : { fields: settings.headers }),
      seal: !settings.dontSealHeaders,
      headerCanonicalization: settings.relaxedHeader ? "relaxed" : "simple",
      bodyCanonicalization: settings.relaxedBody ? "relaxed" : "simple",
      expirationSeconds: Math.floor(settings.expiration / 1000),
    };
    const signers = this.#signers.get(domain);
    if (signers === undefined) this.#signers.set(domain, [signer]);
    else signers.push(signer);
  }

  /** What must be in the DNS for the signatures to be verified. */
  get records(): readonly KeyRecordName[] {
    return this.#records;
  }

  /** Whether mail from that domain is signed. */
  signs(fromDomain: string): boolean {
    return this.#signers.has(fromDomain);
  }

  /**
   * The DKIM-Signature fields for a message, each with its line end; empty where its domain has no keys.
   *
   * @throws {SyntaxError} If the message does not have exactly one From.
   */
  sign({ fromDomain, header, body, now, release = now }: SubmittedMessage): string {
    const known = this.#signers.get(fromDomain);
    if (known === undefined) return "";
    const heldSeconds = Math.max(0, Math.ceil((release - now) / 1000));
    const signers = known.map((signer) =>
      signer.expirationSeconds === undefined
        ? signer
        : { ...signer, expirationSeconds: signer.expirationSeconds + heldSeconds }
    );
    const hasher = bodyHasherFor(signers);
    for (const piece of body) hasher.write(piece);
    hasher.finish();
    return signMessage({ header, body: hasher, signers, now }).join("");
  }
}
