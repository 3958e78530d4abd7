/**
 * The field with which a sender says that a message may go without TLS, whatever the recipient's policy. RFC 8689 3
 *
 * @module
 */
import { type Bytes, fromLatin1 } from "../base/bytes.ts";
import { asciiLower } from "../base/scanner.ts";

/**
 * Whether a header section says `TLS-Required: No`. The field may stand there only once; where it is repeated, all must say
 * so. Other values have no meaning.
 *
 * @param header With its line ends.
 */
export function saysTlsRequiredNo(header: Bytes): boolean {
  const values = [...fromLatin1(header).matchAll(/^TLS-Required[ \t]*:([^\r\n]*(?:\r?\n[ \t][^\r\n]*)*)/gim)];
  return values.length > 0 && values.every(([, value = ""]) => asciiLower(value.trim()) === "no");
}
