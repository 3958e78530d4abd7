/**
 * Messages that could not be handed in, kept: whoever calls sendmail from a program seldom looks at what became of it.
 *
 * @module
 */
import { dirname, join } from "node:path";
import { base64Url, type Bytes, concat, KiB, utf8 } from "../../base/bytes.ts";
import type { Millis } from "../../base/clock.ts";
import { syncFolder } from "../../server/durable_file.ts";

/** Characters of the reason. */
const maxReason = 500;

/** Characters of the recipients, who may stand nowhere else: as many as one message has, most of them. */
const maxNamed = 256 * KiB;

/**
 * Writes a message to a file of its own, with a field in front that says why, and makes the folder if need be. It can be handed
 * in again as it is: the field is left out then.
 *
 * @param recipients As they are known; in a field too.
 * @param sync For tests.
 * @returns The file.
 */
export async function keepFailure(
  folder: string,
  message: Bytes,
  reason: string,
  recipients: string,
  now: Millis,
  sync = syncFolder,
): Promise<string> {
  await Deno.mkdir(folder, { recursive: true, mode: 0o700 });
  const time = new Date(now).toISOString();
  const unique = base64Url(crypto.getRandomValues(new Uint8Array(6)));
  const path = join(folder, `${time.replace(/[:.]/g, "")}-${unique}.eml`);
  const said = reason.replace(/[^ -~]+/g, " ").slice(0, maxReason);
  const to = recipients === ""
    ? ""
    : ` (to ${recipients.replace(/[\x00-\x1f\x7f]+/g, " ").slice(0, maxNamed)})`;
  const field = utf8(`X-Not-Submitted: ${time}${to}: ${said}\r\n`);
  const file = await Deno.open(path, { write: true, createNew: true, mode: 0o600 });
  try {
    const bytes = concat([field, message]);
    for (let at = 0; at < bytes.length;) at += await file.write(bytes.subarray(at));
    await file.sync();
  } finally {
    file.close();
  }
  await nameFailures(folder, sync);
  return path;
}

/**
 * Waits until the disk has the names of the files in a folder, and its own. A folder that may be written and not read
 * cannot be synced: what was kept is there all the same.
 */
export async function nameFailures(folder: string, sync = syncFolder): Promise<void> {
  for (const each of [folder, dirname(folder)]) await sync(each).catch(() => {});
}
