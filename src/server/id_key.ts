/**
 * The key with which connection ids are shown to strangers; kept, so that an id in an old error message can
 * still be looked up in the log.
 *
 * @module
 */
import { join } from "node:path";
import { base64Url } from "../base/bytes.ts";
import { opaqueKeyBytes } from "../base/opaque_id.ts";
import { writeWhole } from "./durable_file.ts";

/** Reads `receivedid.key` of an installation, or makes it. In base64url. */
export async function readIdKey(folder: string): Promise<string> {
  const file = join(folder, "receivedid.key");
  try {
    return (await Deno.readTextFile(file)).trim();
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  const key = base64Url(crypto.getRandomValues(new Uint8Array(opaqueKeyBytes)));
  await writeWhole(file, `${key}\n`);
  return key;
}
