/**
 * Proofs that something is not there, by whichever kind of record a zone has. RFC 4035 5.4, RFC 5155 8
 *
 * Tested by `dnssec_nsec_test.ts` and `dnssec_nsec3_test.ts`.
 *
 * @module
 */
import {
  type Cut,
  cutByNsec,
  type Denial,
  denyByNsec,
  nothingCloserByNsec,
  type Nsec,
  nsecsOf,
} from "./dnssec_nsec.ts";
import {
  cutByNsec3,
  denyByNsec3,
  nothingCloserByNsec3,
  type Nsec3Proof,
  nsec3ProofOf,
} from "./dnssec_nsec3.ts";
import type { Rrset } from "./dnssec_rrset.ts";
import type { Work } from "./dnssec_work.ts";
import type { Name } from "./record.ts";

/** What a zone says about its gaps. */
export interface Proof {
  readonly zone: Name;
  readonly nsecs: readonly Nsec[];
  readonly nsec3: Nsec3Proof | null;
}

/** @param sets NSEC and NSEC3 records of the zone whose signatures are right; other sets are left out. */
export function proofOf(sets: readonly Rrset[], zone: Name, work: Work): Proof {
  return { zone, nsecs: nsecsOf(sets, zone), nsec3: nsec3ProofOf(sets, zone, work) };
}

/** What is proved of the records of one type at a name. @throws {Refused} When the work is used up. */
export function deny(proof: Proof, name: Name, type: number): Denial {
  const denial = denyByNsec(proof.nsecs, name, type);
  return denial.proved !== null || proof.nsec3 === null ? denial : denyByNsec3(proof.nsec3, name, type);
}

/** Whether, and how well, it is proved that nothing stands closer to a name than a wildcard. @throws {Refused} */
export function nothingCloser(proof: Proof, name: Name, encloser: Name): "secure" | "insecure" | null {
  if (nothingCloserByNsec(proof.nsecs, name, encloser)) return "secure";
  return proof.nsec3 === null ? null : nothingCloserByNsec3(proof.nsec3, name, encloser);
}

/** What is proved of a delegation at a name below the zone's own. @throws {Refused} */
export function cutAt(proof: Proof, name: Name): Cut {
  const cut = cutByNsec(proof.nsecs, name);
  return cut.cut !== null || proof.nsec3 === null ? cut : cutByNsec3(proof.nsec3, name);
}
