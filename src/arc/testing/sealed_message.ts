/**
 * Messages that were passed on and sealed, with the keys of `src/dkim/testing/signed_message.ts`.
 *
 * @module
 */
import { type Bytes, concat, indexOfBytes, latin1 } from "../../base/bytes.ts";
import { bodyHasherFor, type Signer } from "../../dkim/sign.ts";
import { ed25519Signer, now, zone } from "../../dkim/testing/signed_message.ts";
import type { DkimOptions } from "../../dkim/verifier.ts";
import { ZoneResolver } from "../../dns/testing/zone_resolver.ts";
import { sealMessage } from "../seal.ts";
import { type ArcResult, ArcVerifier } from "../verify.ts";

export const results = "mx.example.org; spf=pass smtp.mailfrom=a@example.net;\r\n\tdkim=none";

/** What a verifier says, fed in pieces of this many octets. */
export function validated(
  message: Bytes,
  options: Partial<DkimOptions> = {},
  pieceOctets = message.length,
): Promise<ArcResult> {
  const verifier = new ArcVerifier({ resolver: new ZoneResolver(zone), now, ...options });
  for (let at = 0; at < message.length; at += pieceOctets) {
    verifier.write(message.subarray(at, at + pieceOctets));
  }
  return verifier.finish();
}

/** The message with a new set, or null where it is not sealed; `chain` is what it is found to have. */
export async function sealed(
  message: Bytes,
  chain?: ArcResult,
  signer: Signer = ed25519Signer,
  at = now,
): Promise<Bytes | null> {
  const split = indexOfBytes(message, latin1("\r\n\r\n"));
  const body = bodyHasherFor([signer]);
  body.write(message.subarray(split + 4));
  body.finish();
  const header = message.subarray(0, split + 2);
  const fields = sealMessage({
    header,
    body,
    chain: chain ?? await validated(message),
    results,
    signer,
    now: at,
  });
  return fields === null ? null : concat([...fields.map(latin1), message]);
}

/** Sealed so many times. */
export async function sealedTimes(message: Bytes, times: number): Promise<Bytes> {
  let sealedOnce = message;
  for (let i = 0; i < times; i++) sealedOnce = await sealed(sealedOnce) ?? sealedOnce;
  return sealedOnce;
}
