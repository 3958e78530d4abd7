/**
 * The key with which connection ids are shown to strangers; kept, so that an id in an old error message can
 * still be looked up in the log.
 *
 * @module
 */
import { join } from "node:path";
import { base64Url } from "../base/bytes.ts";
import { opaqueKeyBytes } from "../base/opaque_id.ts";
import { ConfigError } from "../config/load.ts";
import { writeWhole } from "./durable_file.ts";
import { fileProblem } from "./file_problem.ts";

/** Where an installation has it. */
export function idKeyFile(folder: string): string {
  return join(folder, "receivedid.key");
}

/**
 * Reads `receivedid.key` of an installation, or makes it. In base64url.
 *
 * @throws {ConfigError} If the file holds no key, or cannot be read or made.
 */
export async function readIdKey(folder: string): Promise<string> {
  const file = idKeyFile(folder);
  const found = await readExistingIdKey(folder);
  if (found !== null) return found;
  const key = base64Url(crypto.getRandomValues(new Uint8Array(opaqueKeyBytes)));
  await writeWhole(file, `${key}\n`).catch((error) => {
    throw wrong(file, `cannot be made: ${fileProblem(error)}`);
  });
  return key;
}

/** The key of an installation in base64url, null if it has none yet. @throws {ConfigError} If the file holds no key. */
export async function readExistingIdKey(folder: string): Promise<string | null> {
  const file = idKeyFile(folder);
  let text: string;
  try {
    text = (await Deno.readTextFile(file)).trim();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw wrong(file, `cannot be read: ${fileProblem(error)}`);
  }
  if (isKey.test(text)) return text;
  throw wrong(
    file,
    `holds no key (${keyLength} characters of base64url): delete it, and the next start makes another; ids of ` +
      "connections that were shown before can then not be looked up any more",
  );
}

/** 24 octets in base64url, without padding. */
const keyLength = opaqueKeyBytes / 3 * 4;
const isKey = new RegExp(`^[A-Za-z0-9_-]{${keyLength}}$`);

function wrong(file: string, message: string): ConfigError {
  return new ConfigError(file, [{ line: 1, path: "(file)", message }]);
}
