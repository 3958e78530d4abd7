/**
 * What was kept of how a message came, for `mailden message why`: read from a data folder, which a server may be using.
 *
 * Tested by `tests/scenarios/evidence_test.ts`.
 *
 * @module
 */
import type { Bytes } from "../base/bytes.ts";
import type { Millis } from "../base/clock.ts";
import { mailboxText } from "../message/address_list.ts";
import { decodeWords } from "../message/encoded_word.ts";
import { readEnvelopeStart } from "../message/envelope.ts";
import { Connection, Reader } from "./connection.ts";
import { realDisk } from "./disk.ts";
import { schemaVersion, versionOf } from "./migrations.ts";
import { literal, many, prepared } from "./query.ts";
import { databaseName } from "./store.ts";

/** Messages of one Message-ID that are told, the newest. */
export const maxFound = 20;

/** A message, and what was found out of it. */
export interface FoundEvidence {
  /** EMAILID. */
  readonly id: string;
  readonly account: string;
  readonly received: Millis;
  readonly subject: string;
  /** The first author. */
  readonly from: string;
  /** Without angle brackets; null if it has none. */
  readonly messageId: string | null;
  /** Encoded as `evidence/evidence.ts` does; null for what clients stored and users sent. */
  readonly evidence: Bytes | null;
}

/** From the newest on, which is what people ask for: neither column has an index. */
const byId = prepared((db, p: { id: string }) =>
  db.selectFrom("emails as e").innerJoin("accounts as a", "a.id", "e.account_id")
    .innerJoin(
      "email_fields as f",
      (join) => join.onRef("f.account_id", "=", "e.account_id").onRef("f.email_id", "=", "e.id"),
    )
    .select(["e.object_id", "a.name", "e.received", "e.envelope", "f.message_id", "e.evidence"])
    .where((eb) => eb.or([eb("e.object_id", "=", p.id), eb("f.message_id", "=", p.id)]))
    .orderBy("e.id", "desc").limit(literal(maxFound))
);

/**
 * Finds messages by EMAILID or Message-ID.
 *
 * @param id Without angle brackets.
 * @throws {Error} If there is no database, or it is of another version of this program.
 */
export function findEvidence(folder: string, id: string): FoundEvidence[] {
  const path = `${folder}/${databaseName}`;
  if (realDisk.size(path) === null) throw new Error(`${folder} is no data folder: ${path} is not there`);
  const connection = new Connection(path);
  try {
    const version = versionOf(connection);
    if (version !== schemaVersion) {
      throw new Error(`${path} has version ${version}, this program reads ${schemaVersion}`);
    }
    const rows = new Reader(connection).read(many(byId, { id }));
    return rows.map((row) => {
      const { subject, from } = readEnvelopeStart(row.envelope);
      return {
        id: row.object_id,
        account: row.name,
        received: row.received,
        subject: decodeWords(subject),
        from: from === null ? "" : mailboxText(from),
        messageId: row.message_id,
        evidence: row.evidence,
      };
    });
  } finally {
    connection.close();
  }
}
