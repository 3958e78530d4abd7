/**
 * `cid`: what an id in an error message or Received field stands for.
 *
 * @module
 */
import { opaqueIds } from "../base/opaque_id.ts";
import { idKeyFile, readExistingIdKey } from "../server/id_key.ts";
import type { Command } from "./command.ts";
import { CommandError } from "./command_error.ts";

export const command: Command = {
  words: "cid",
  arguments: "ID",
  count: 1,
  dashed: /^-[\w-]{21}$/,
  summary: "find the connection behind an id in an error message or Received field",
  help: `
What peers are shown ends in an id, as in "550 5.1.1 no such mailbox (p7LGcpiXmWVAQR1PKDsQXg)". It is the number of the
connection, encrypted, so that strangers cannot count connections. This prints the number as it stands in the log
(cid=…): one search there tells the connection's story.`,
  options: {
    config: { type: "string", value: "DIR", doc: "folder of mailden.toml", default: "." },
    json: { type: "boolean", doc: "print it as JSON" },
  },
  async run(args, output) {
    const folder = args.text("config") ?? ".";
    const key = await readExistingIdKey(folder);
    if (key === null) {
      throw new CommandError(
        `${idKeyFile(folder)} is not there: say with --config DIR where a server has run`,
      );
    }
    const [shown = ""] = args.positionals;
    const id = opaqueIds(Uint8Array.fromBase64(key, { alphabet: "base64url" })).open(shown);
    if (id === null) {
      throw new CommandError(
        /^[\w-]{22}$/.test(shown)
          ? `'${shown}' is no id of the installation in ${folder}: another one made it, or its receivedid.key is newer`
          : `'${shown}' is no id: those have 22 letters, digits, - and _, as at the end of a reply`,
      );
    }
    const cid = id.toString(16);
    output.out(args.is("json") ? JSON.stringify({ cid }) : cid);
    return 0;
  },
};
