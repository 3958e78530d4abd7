/**
 * Temporary folders for sockets, whose paths may have 107 octets: in /tmp, where TMPDIR is a long one.
 *
 * Tested by `src/roles/control_socket_test.ts`.
 *
 * @module
 */
import { utf8 } from "../../src/base/bytes.ts";

/** What the names of sockets in it may have. */
const maxFolder = 80;

export async function makeShortFolder(): Promise<string> {
  const folder = await Deno.makeTempDir();
  if (utf8(folder).length <= maxFolder) return folder;
  await Deno.remove(folder);
  return await Deno.makeTempDir({ dir: "/tmp" });
}
