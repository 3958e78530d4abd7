/**
 * What all commands of the queue share: the way to the running server, and how changes are told.
 *
 * Tested by `src/cli/queue/queue_commands_test.ts`.
 *
 * @module
 */
import { Refused } from "../../base/errors.ts";
import type { Ended, QueueAdmin } from "../../queue/queue_admin.ts";
import type { Client } from "../../rpc/client.ts";
import { RemoteFailure } from "../../rpc/rpc_error.ts";
import type { Arguments, Output, Surroundings } from "../command.ts";
import { CommandError } from "../command_error.ts";

/** Asks the running server. @throws {CommandError} With its reason, where it says no. */
export async function askQueue<T>(
  { openControl }: Surroundings,
  ask: (queue: Client<QueueAdmin>) => Promise<T>,
): Promise<T> {
  if (openControl === null) throw new TypeError("this process may not speak with the server");
  try {
    const control = await openControl();
    try {
      return await ask(control.queue);
    } catch (error) {
      if (!control.lost) throw error;
      throw new CommandError("The connection to the server was lost: nobody knows how far it came.");
    } finally {
      await control.close();
    }
  } catch (error) {
    if (error instanceof Refused) throw new CommandError(`The server says no: ${error.message}.`);
    if (error instanceof RemoteFailure) throw new CommandError("The server failed; its log tells more.");
    throw error;
  }
}

/** `1 message`, `3 messages`, `no message`. */
export function counted(count: number, noun = "message"): string {
  if (count === 0) return `no ${noun}`;
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

/** The same for what was taken out of the queue, but for what is being sent: nobody can call that back. */
export function tellEnded({ ended, underWay }: Ended, what: string, args: Arguments, output: Output): number {
  if (underWay === 0) return tellChanged(ended, what, args, output);
  if (args.is("json")) output.out(JSON.stringify({ changed: ended, underWay }));
  else {
    if (ended > 0) output.out(`${counted(ended)} ${what}.`);
    output.out(`${counted(underWay)} being sent at this moment: what does not arrive by that is ${what}.`);
  }
  return 0;
}

/** Tells what was changed. Exit code 1 where nothing was: scripts want to know. */
export function tellChanged(count: number, what: string, args: Arguments, output: Output): number {
  if (args.is("json")) output.out(JSON.stringify({ changed: count }));
  else if (count === 0) output.out("No message matches: nothing was changed.");
  else output.out(`${counted(count)} ${what}.`);
  return count === 0 ? 1 : 0;
}
