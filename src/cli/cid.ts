/**
 * `cid`: what an id in an error message or Received field stands for.
 *
 * @module
 */
import { join } from "node:path";
import { opaqueIds } from "../base/opaque_id.ts";
import type { Command } from "./command.ts";
import { CommandError } from "./command_error.ts";

export const command: Command = {
  words: "cid",
  arguments: "ID",
  count: 1,
  summary: "find the connection behind an id in an error message or Received field",
  help: `
What peers are shown ends in an id, as in "550 5.1.1 no such mailbox (p7LGcpiXmWVAQR1PKDsQXg)". It is the number of the
connection, encrypted, so that strangers cannot count connections. This prints the number as it stands in the log
(cid=…): one search there tells the connection's story.`,
  options: { config: { type: "string", value: "DIR", doc: "folder of mailden.toml", default: "." } },
  async run(args, output) {
    const file = join(args.text("config") ?? ".", "receivedid.key");
    const key = await Deno.readTextFile(file).catch((error: Error) => {
      throw new CommandError(
        `${file} cannot be read: ${error.message}; say where the installation is with --config`,
      );
    });
    const id = opaqueIds(Uint8Array.fromBase64(key.trim(), { alphabet: "base64url" })).open(
      args.positionals[0] ?? "",
    );
    if (id === null) throw new CommandError(`${args.positionals[0]} is no id of this installation.`);
    output.out(id.toString(16));
    return 0;
  },
};
