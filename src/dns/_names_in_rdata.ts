/**
 * Where names stand in the data of records: to take compression out on receipt, and to write them in lower case
 * for signatures. RFC 1035 3.3, RFC 3597 4, RFC 4034 6.2 as changed by RFC 6840 5.1
 *
 * Tested by `rdata_test.ts` and `message_test.ts`.
 *
 * @module
 */
import { type Bytes, concat } from "../base/bytes.ts";
import { type NameForm, nameFromWire, nameToWire, type WireForm } from "./name.ts";

/** A number is that many octets, `string` a character string; what follows the last field is octets. */
type Field = number | "name" | "string";

interface Layout {
  readonly fields: readonly Field[];
  /** Whether the names are signed in lower case. */
  readonly lowerCase: boolean;
}

const lowered = (...fields: Field[]): Layout => ({ fields, lowerCase: true });

/**
 * The types of RFC 4034 6.2 without A6 (historic, RFC 6563), whose name stands at no fixed place. Only those of
 * RFC 1035 may be sent compressed, and those up to NAPTR were once (RFC 3597 4); the others must not be, yet taking
 * it out does no harm: the signature would not fit otherwise.
 */
const layouts: ReadonlyMap<number, Layout> = new Map([
  [2, lowered("name")], // NS
  [3, lowered("name")], // MD
  [4, lowered("name")], // MF
  [5, lowered("name")], // CNAME
  [6, lowered("name", "name")], // SOA
  [7, lowered("name")], // MB
  [8, lowered("name")], // MG
  [9, lowered("name")], // MR
  [12, lowered("name")], // PTR
  [14, lowered("name", "name")], // MINFO
  [15, lowered(2, "name")], // MX
  [17, lowered("name", "name")], // RP
  [18, lowered(2, "name")], // AFSDB
  [21, lowered(2, "name")], // RT
  [24, lowered(18, "name")], // SIG
  [26, lowered(2, "name", "name")], // PX
  [30, lowered("name")], // NXT
  [33, lowered(6, "name")], // SRV
  [35, lowered(4, "string", "string", "string", "name")], // NAPTR
  [36, lowered(2, "name")], // KX
  [39, lowered("name")], // DNAME
  [46, lowered(18, "name")], // RRSIG
  [47, { fields: ["name"], lowerCase: false }], // NSEC: RFC 6840 5.1 takes it from the list.
]);

/**
 * The data of a record in `message`, from `start` to before `end`, with its names written out, in memory of its own.
 *
 * @throws {SyntaxError} If a field is cut off.
 */
export function expandedRdata(type: number, message: Uint8Array, start: number, end: number): Bytes {
  const layout = layouts.get(type);
  if (layout === undefined) return new Uint8Array(message.subarray(start, end));
  return rewritten(layout, message, start, end, { uncompressed: false }, { lowerCase: false });
}

/** RFC 4034 6.2 as changed by RFC 6840 5.1. Data of unknown types stay as they are (RFC 3597 7). */
export function loweredRdata(type: number, rdata: Bytes): Bytes {
  const layout = layouts.get(type);
  return layout?.lowerCase === true
    ? rewritten(layout, rdata, 0, rdata.length, { uncompressed: true }, { lowerCase: true })
    : rdata;
}

function rewritten(
  layout: Layout,
  bytes: Uint8Array,
  start: number,
  end: number,
  read: WireForm,
  write: NameForm,
): Bytes {
  const pieces: Uint8Array[] = [];
  let at = start;
  for (const field of layout.fields) {
    let next = at;
    if (field === "name") {
      const found = nameFromWire(bytes, at, read);
      pieces.push(nameToWire(found.name, write));
      next = found.end;
    } else {
      next += field === "string" ? 1 + (bytes[at] ?? 0) : field;
      pieces.push(bytes.subarray(at, next));
    }
    if (next > end) throw new SyntaxError("data of a record that are cut off");
    at = next;
  }
  pieces.push(bytes.subarray(at, end));
  return concat(pieces);
}
