/**
 * The entry of the process that a command with a server runs in: the socket, the folder, and the command line.
 *
 * Tested by `tests/scenarios/control_test.ts`.
 *
 * @module
 */
import net, { type Socket } from "node:net";
import { utf8 } from "../base/bytes.ts";
import { openControl } from "../ctl/control.ts";
import { systemClock } from "../net/system_clock.ts";
import { CommandError } from "./command_error.ts";
import { noServer } from "./connected.ts";
import { main } from "./main.ts";
import { octetWriter, writeOut } from "./standard_output.ts";

/** Dials the control socket. */
async function dial(path: string, folder: string): Promise<Socket> {
  const socket = net.connect(path);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  socket.once("connect", resolve);
  socket.once("error", reject);
  await promise.catch((error: NodeJS.ErrnoException) => {
    throw new CommandError(
      error.code === "EACCES"
        ? `This user may not speak with the server in ${folder}: call this as the user that it runs as.`
        : noServer(folder), // A file that a killed server left, most often.
    );
  });
  socket.off("error", reject);
  return socket;
}

if (import.meta.main) {
  const [path = "", folder = "", ...args] = Deno.args;
  // deno-lint-ignore no-console -- The command line writes to the terminal.
  const output = { out: (line: string) => writeOut(utf8(`${line}\n`)), error: console.error };
  const code = await main(args, output, {
    openControl: async () => await openControl(await dial(path, folder), systemClock),
    now: Date.now,
    write: octetWriter(),
  });
  Deno.exit(code);
}
