/**
 * The address of a command about suppressed ones.
 *
 * Tested by `src/cli/queue/queue_commands_test.ts`.
 *
 * @module
 */
import { parseMailbox } from "../../../address/mailbox.ts";
import { suppressionKey } from "../../../queue/suppression.ts";
import { UsageError } from "../../command.ts";

/** An address that somebody typed, in the form in which suppressed addresses are compared. @throws {UsageError} */
export function comparedAddress(text: string): string {
  try {
    return suppressionKey(parseMailbox(text));
  } catch (error) {
    if (error instanceof SyntaxError) throw new UsageError(`'${text}' is no address: ${error.message}`);
    throw error;
  }
}
