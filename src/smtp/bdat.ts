/**
 * BDAT, which brings the message in counted chunks. RFC 3030 2
 *
 * Tested by `command_test.ts`.
 *
 * @module
 */
import { parseNumber } from "./parameters.ts";

/** `BDAT size [LAST]`; `size` octets follow the line at once. */
export interface Bdat {
  readonly verb: "BDAT";
  readonly size: number;
  readonly last: boolean;
}

/** Reads what follows the word BDAT. After a wrong one nobody knows where the next command begins. @throws {SyntaxError} */
export function parseBdat(args: string): Bdat {
  const words = args.trim().split(" ").filter((word) => word !== "");
  const [size = "", last] = words;
  if (words.length > 2 || last !== undefined && last.toUpperCase() !== "LAST") {
    throw new SyntaxError("BDAT size [LAST]");
  }
  return { verb: "BDAT", size: parseNumber(size, 15), last: last !== undefined };
}

export function printBdat(command: Bdat): string {
  return `BDAT ${command.size}${command.last ? " LAST" : ""}`;
}
