/**
 * ID: programs tell each other what they are. RFC 2971
 *
 * Tested by `src/imap/parse_command_test.ts`
 *
 * @module
 */
import type { Id } from "./command.ts";
import type { ResponseWriter } from "./response_writer.ts";
import type { Scanner } from "./scanner.ts";

/** RFC 2971 3.3 */
export const maxIdFields = 30;

/** `ID NIL` or `ID ("name" "value" …)`. */
export function parseId(s: Scanner): Id {
  s.space();
  if (s.take("NIL")) return { verb: "ID", fields: null };
  const fields = s.list((s): [string, string | null] => {
    const field = s.string("a field name");
    s.space();
    return [field, s.nstring()];
  }, 0);
  if (fields.length > maxIdFields) throw new SyntaxError("too many fields");
  return { verb: "ID", fields };
}

/** `* ID (…)` */
export function writeId(w: ResponseWriter, fields: readonly (readonly [string, string])[]): void {
  w.ascii("* ID (");
  fields.forEach(([field, value], i) => {
    if (i > 0) w.ascii(" ");
    w.string(field).ascii(" ").string(value);
  });
  w.ascii(")\r\n");
}
