/**
 * The parameters with which a client asks for notices: RET and ENVID of MAIL, NOTIFY and ORCPT of RCPT. RFC 3461 4
 *
 * Values are kept as they came, since they are passed on so (RFC 3461 5.2.1); they are read here to refuse what is none.
 *
 * @module
 */
import { parseEnvid, parseOrcpt } from "../message/dsn_address.ts";

/** Whether a notice of failure brings the message, or its header only. */
export type Ret = "FULL" | "HDRS";

/** Octets of a NOTIFY parameter with its keyword; all three words are as long. RFC 3461 5.4 */
export const maxNotifyLength = 28;

/** RFC 3461 4.3 @throws {SyntaxError} */
export function readRet(value: string | null): Ret {
  const ret = value?.toUpperCase();
  if (ret !== "FULL" && ret !== "HDRS") throw new SyntaxError("RET= is FULL or HDRS");
  return ret;
}

/** RFC 3461 4.4 @throws {SyntaxError} */
export function readEnvid(value: string | null): string {
  if (value === null) throw new SyntaxError("ENVID= wants a value");
  parseEnvid(value);
  return value;
}

/** `NEVER`, or a list of the others. RFC 3461 4.1 @throws {SyntaxError} */
export function readNotify(value: string | null): string {
  if (value === null || value.length > maxNotifyLength - "NOTIFY=".length) {
    throw new SyntaxError("NOTIFY= wants a short list");
  }
  if (!/^(?:NEVER|(?:SUCCESS|FAILURE|DELAY)(?:,(?:SUCCESS|FAILURE|DELAY))*)$/i.test(value)) {
    throw new SyntaxError("NOTIFY= is NEVER, or some of SUCCESS, FAILURE and DELAY");
  }
  return value;
}

/** Whether a value of NOTIFY asks for news of success. */
export function wantsSuccess(notify: string | null): boolean {
  return notify !== null && /SUCCESS/i.test(notify);
}

/** RFC 3461 4.2, RFC 6533 3. Whether UTF-8 may stand in it, the session knows. @throws {SyntaxError} */
export function readOrcpt(value: string | null): string {
  if (value === null) throw new SyntaxError("ORCPT= wants a value");
  parseOrcpt(value, { utf8: true });
  return value;
}
