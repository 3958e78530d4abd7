/**
 * Starts a store on a folder as the power left it, as the service does, and looks whether it keeps what was promised.
 *
 * @module
 */
import { statfsSync } from "node:fs";
import { type Mail, mailMethods } from "../../../src/accounts/mail.ts";
import { fromUtf8, GiB, noBytes } from "../../../src/base/bytes.ts";
import { type Deliver, deliverMethods } from "../../../src/delivery/deliver.ts";
import { client } from "../../../src/rpc/client.ts";
import type { Connection as RpcConnection } from "../../../src/rpc/connection.ts";
import { Connection, Reader } from "../../../src/store/connection.ts";
import { many, prepared } from "../../../src/store/query.ts";
import { databaseName } from "../../../src/store/store.ts";
import { verifyData } from "../../../src/store/verify.ts";
import { join } from "../paths.ts";
import type { FoundFolder, Random } from "./crash_states.ts";
import { contentOf, deliver, signIn, startPowerStore, textOf } from "./power_store.ts";
import type { FoundStore, Promises } from "./promises.ts";

type None = Record<string, never>;

const messages = prepared((db, _p: None) =>
  db.selectFrom("messages").innerJoin("emails", "emails.id", "messages.email_id")
    .innerJoin("email_fields", "email_fields.email_id", "emails.id")
    .innerJoin("bodies", "bodies.id", "emails.body_id")
    .innerJoin("mailboxes", "mailboxes.id", "messages.mailbox_id")
    .innerJoin("accounts", "accounts.id", "messages.account_id")
    .select(["email_fields.subject", "messages.uid", "messages.bits", "bodies.sha256", "bodies.bytes"])
    .select(["mailboxes.name as mailbox", "accounts.name as account"])
    .where("messages.expunged", "=", 0)
);

const mailboxes = prepared((db, _p: None) =>
  db.selectFrom("mailboxes").innerJoin("accounts", "accounts.id", "mailboxes.account_id")
    .select(["mailboxes.name as mailbox", "accounts.name as account"])
    .select(["mailboxes.uid_validity", "mailboxes.uid_next", "mailboxes.highest_modseq"])
);

const waiting = prepared((db, _p: None) =>
  db.selectFrom("queue").innerJoin("bodies", "bodies.id", "queue.body_id")
    .select(["queue.recipient", "queue.attempts", "queue.due", "queue.last_attempt", "queue.results"])
    .select("bodies.sha256")
);

const retired = prepared((db, _p: None) => db.selectFrom("queue_retired").select(["recipient", "outcome"]));

/** The message ids of the load; all else are notices. */
const loadId = /^\d+-\d+$/;

/** In how many states a client searches (signing in is slow), and for how many messages. */
const searches = 0.05;
const searched = 4;

/** Deliveries that are made again in each state. */
const redelivered = 2;

/** Room for all that is written of one state. */
const roomBytes = 2 * GiB;

/** A folder for states, in memory where there is room: what is started there need not survive anything itself. */
export async function folderForStates(): Promise<string> {
  const prefix = "mailden_power_";
  try {
    const { bavail, bsize } = statfsSync("/dev/shm");
    if (bavail * bsize >= roomBytes) return await Deno.makeTempDir({ dir: "/dev/shm", prefix });
  } catch { /* There is none, or it is not for us. */ }
  return await Deno.makeTempDir({ prefix });
}

/** Writes a state of the disk. The folder must not be there. */
export function materialise(state: FoundFolder, folder: string): void {
  Deno.mkdirSync(folder, { mode: 0o700 });
  for (const [name, found] of state) {
    const path = join(folder, name);
    if (found instanceof Uint8Array) Deno.writeFileSync(path, found, { mode: 0o600 });
    else materialise(found, path);
  }
}

/**
 * Starts the store, has a front deliver again what it has no answer to, stops it, and checks everything.
 *
 * @returns What is wrong, in words.
 */
export async function recover(folder: string, promises: Promises, random: Random): Promise<string[]> {
  const wrong: string[] = [];
  try {
    const { server, errors, dial } = await startPowerStore(folder);
    try {
      const connection = dial();
      const service = client<Deliver>(connection, "deliver", deliverMethods);
      const some = promises.redeliveries().toSorted(() => random() - 0.5).slice(0, redelivered);
      for (const { id, again } of some) {
        const content = contentOf(id, again.octets);
        const send = (request: Parameters<Deliver["deliver"]>[0]) => service.deliver(request);
        if (!await deliver(service, send, { ...again, content })) {
          wrong.push(`${id} was refused the second time`);
        }
        promises.delivered(id);
      }
      if (promises.toldAny && random() < searches) {
        wrong.push(...await lostToSearch(connection, promises, random));
      }
      connection.close();
      await connection.ended;
    } finally {
      await server.close();
    }
    wrong.push(...errors.map((line) => `the log says: ${line}`));
  } catch (error) {
    return [`it does not start: ${error instanceof Error ? error.stack : error}`];
  }
  wrong.push(...verifyData(folder), ...promises.broken(foundIn(folder)));
  return wrong;
}

/** Messages that a client of ann's does not find by their text, for which the index is asked that had been made of them. */
async function lostToSearch(
  connection: RpcConnection,
  promises: Promises,
  random: Random,
): Promise<string[]> {
  const mail = client<Mail>(connection, "mail", mailMethods, await signIn(connection, "imap"));
  const wrong: string[] = [];
  for (const { id, places } of promises.settled().toSorted(() => random() - 0.5).slice(0, searched)) {
    for (const [mailbox, copies] of Map.groupBy(places, (place) => place.mailbox)) {
      if (!mailbox.startsWith("ann/")) continue;
      const info = await mail.find({ name: mailbox.slice("ann/".length) });
      let found = 0;
      const request = { mailbox: info?.id ?? 0, key: { key: "text", text: textOf(id) } } as const;
      for await (const { uids } of mail.search(request)) found += uids.length;
      if (found !== copies.length) {
        wrong.push(`a search for ${id} finds ${found} of ${copies.length} in ${mailbox}`);
      }
    }
  }
  return wrong;
}

/** What is in a folder that nobody serves. */
function foundIn(folder: string): FoundStore {
  const connection = new Connection(join(folder, databaseName));
  try {
    const reader = new Reader(connection);
    const rows = reader.read(many(messages, {}));
    return {
      messages: rows.filter(({ subject }) => loadId.test(subject)).map((row) => ({
        id: row.subject,
        place: { mailbox: `${row.account}/${row.mailbox}`, uid: row.uid, bits: row.bits },
        sha256: row.sha256,
      })),
      mailboxes: reader.read(many(mailboxes, {})).map((row) => ({
        mailbox: `${row.account}/${row.mailbox}`,
        uidValidity: row.uid_validity,
        uidNext: row.uid_next,
        modSeq: row.highest_modseq,
      })),
      waiting: reader.read(many(waiting, {})).map((row) => ({
        recipient: row.recipient,
        attempts: row.attempts,
        waitMs: row.due - row.last_attempt,
        results: (JSON.parse(row.results === "" ? "[]" : row.results) as unknown[]).length,
        sha256: row.sha256,
      })),
      retired: reader.read(many(retired, {})),
      notices: rows.filter(({ subject }) => !loadId.test(subject))
        .flatMap(({ bytes }) => recipientsOf(fromUtf8(bytes ?? noBytes))),
    };
  } finally {
    connection.close();
  }
}

/** Whom a notice is about. RFC 3464 2.3.2 */
function recipientsOf(notice: string): string[] {
  return [...notice.matchAll(/^Final-Recipient: *rfc822; *(\S+)/gim)].map((found) => found[1] ?? "");
}
