/**
 * The data of records as text, in the form of zone files, for people and for what they copy. RFC 1035 5.1; each type
 * cites its own.
 *
 * Names are absolute, one record is one line, and there are no comments or parentheses. Parameters of HTTPS are written
 * by number (`key3="\000\025"`, RFC 9460 2.1), since nothing here asks what they mean.
 *
 * @module
 */
import { base64, type Bytes, concat, fromBase64, fromLatin1, hex, latin1, utf8 } from "../base/bytes.ts";
import { Scanner } from "../base/scanner.ts";
import { base32Hex, fromBase32Hex } from "./dnssec_base32.ts";
import { nameFromText } from "./name.ts";
import { readData, writeData } from "./rdata.ts";
import { type DataByType, type Name, type RecordType, typeNumbers } from "./record.ts";

/** One type's two directions. */
interface TextForm<T extends RecordType> {
  print(data: DataByType[T]): string;
  parse(words: Words): DataByType[T];
}

/** The data of one record, on one line. */
export function printData<T extends RecordType>(type: T, data: DataByType[T]): string {
  return forms[type].print(data);
}

/**
 * Reads the data of one record.
 *
 * @throws {SyntaxError} If the text is not of this type.
 */
export function parseData<T extends RecordType>(type: T, text: string): DataByType[T] {
  const words = new Words(text);
  const data = forms[type].parse(words);
  words.end();
  return readData(type, writeData(type, data)); // Checks the ranges, and gives each value one spelling.
}

/** The name of a type; `TYPE123` where nobody here knows one. RFC 3597 5 */
export function printType(type: number): string {
  return namesByNumber.get(type) ?? `TYPE${type}`;
}

/** The number of a type, by its name in any case. @throws {SyntaxError} */
export function parseType(text: string): number {
  const name = text.toUpperCase();
  for (const [known, number] of Object.entries(typeNumbers)) if (known === name) return number;
  const number = Number(/^TYPE(\d{1,5})$/.exec(name)?.[1] ?? "NaN");
  if (!(number <= 0xffff)) throw new SyntaxError(`not a type: ${JSON.stringify(text.slice(0, 20))}`);
  return number;
}

const namesByNumber: ReadonlyMap<number, string> = new Map(
  Object.entries(typeNumbers).map(([name, number]) => [number, name]),
);

/** Words and quoted strings, from left to right. */
class Words {
  readonly #s: Scanner;

  constructor(text: string) {
    this.#s = new Scanner(text);
    this.#space();
  }

  get done(): boolean {
    return this.#s.done;
  }

  word(what: string): string {
    const word = this.#s.expectMatch(/(?:\\.|[^\s"\\;()])+/y, what);
    this.#space();
    return word;
  }

  /** A word or a quoted string as octets. RFC 1035 5.1 */
  string(): Bytes {
    if (!this.#s.take('"')) return octetsOf(this.word("a string"));
    const inside = this.#s.expectMatch(/(?:\\[^]|[^"\\])*/y, "a string");
    this.#s.expect('"');
    this.#space();
    return octetsOf(inside);
  }

  number(): number {
    const word = this.word("a number");
    if (!/^\d{1,10}$/.test(word)) throw new SyntaxError(`not a number: ${JSON.stringify(word.slice(0, 20))}`);
    return Number(word);
  }

  name(): Name {
    return nameFromText(this.word("a domain name"));
  }

  /** All that is left, as `read` reads it; white space inside of it means nothing (RFC 4034 2.2). */
  rest(read: (text: string) => Bytes | null, what: string): Bytes {
    let text = "";
    while (!this.done) text += this.word(what);
    return read(text) ?? this.#s.fail(`expected ${what}`);
  }

  types(): number[] {
    const types: number[] = [];
    while (!this.done) types.push(parseType(this.word("a type")));
    return types;
  }

  /** `key3="a value"`, `key3=value`, or `key3` alone. RFC 9460 2.1 */
  parameter(): [key: number, value: Bytes] {
    this.#s.expect("key");
    const key = Number(this.#s.expectMatch(/\d{1,5}/y, "a number"));
    if (this.#s.take("=")) return [key, this.string()];
    this.#space();
    return [key, new Uint8Array(0)];
  }

  fail(problem: string): never {
    return this.#s.fail(problem);
  }

  end(): void {
    this.#s.end();
  }

  #space(): void {
    this.#s.takeMatch(/[ \t]*/y);
  }
}

const forms: { readonly [T in RecordType]: TextForm<T> } = {
  A: { print: ({ address }) => address, parse: (w) => ({ address: w.word("an address") }) },
  AAAA: { print: ({ address }) => address, parse: (w) => ({ address: w.word("an address") }) },
  MX: {
    print: ({ preference, exchange }) => `${preference} ${quotedName(exchange)}`,
    parse: (w) => ({ preference: w.number(), exchange: w.name() }),
  },
  TXT: {
    print: ({ strings }) => strings.map(quotedString).join(" "),
    parse: (w) => {
      const strings = [w.string()];
      while (!w.done) strings.push(w.string());
      return { strings };
    },
  },
  PTR: { print: ({ target }) => quotedName(target), parse: (w) => ({ target: w.name() }) },
  CNAME: { print: ({ target }) => quotedName(target), parse: (w) => ({ target: w.name() }) },
  DNAME: { print: ({ target }) => quotedName(target), parse: (w) => ({ target: w.name() }) },
  NS: { print: ({ host }) => quotedName(host), parse: (w) => ({ host: w.name() }) },
  SRV: {
    print: (data) => `${data.priority} ${data.weight} ${data.port} ${quotedName(data.target)}`,
    parse: (w) => ({ priority: w.number(), weight: w.number(), port: w.number(), target: w.name() }),
  },
  SOA: {
    print: (data) =>
      [
        quotedName(data.primary),
        quotedName(data.mailbox),
        data.serial,
        data.refresh,
        data.retry,
        data.expire,
        data.minimum,
      ].join(" "),
    parse: (w) => ({
      primary: w.name(),
      mailbox: w.name(),
      serial: w.number(),
      refresh: w.number(),
      retry: w.number(),
      expire: w.number(),
      minimum: w.number(),
    }),
  },
  // RFC 8659 4.1.1
  CAA: {
    print: ({ critical, tag, value }) => `${critical ? 128 : 0} ${tag} ${quotedString(latin1(value))}`,
    parse: (w) => ({
      critical: (w.number() & 0x80) !== 0,
      tag: w.word("a property tag"),
      value: fromLatin1(w.string()),
    }),
  },
  // RFC 6698 2.2
  TLSA: {
    print: (data) => `${data.usage} ${data.selector} ${data.matchingType} ${hex(data.data)}`,
    parse: (w) => ({
      usage: w.number(),
      selector: w.number(),
      matchingType: w.number(),
      data: w.rest(fromHex, "hexadecimal digits"),
    }),
  },
  // RFC 4034 5.3
  DS: {
    print: (data) => `${data.keyTag} ${data.algorithm} ${data.digestType} ${hex(data.digest)}`,
    parse: (w) => ({
      keyTag: w.number(),
      algorithm: w.number(),
      digestType: w.number(),
      digest: w.rest(fromHex, "hexadecimal digits"),
    }),
  },
  // RFC 4034 2.2
  DNSKEY: {
    print: (data) => `${data.flags} ${data.protocol} ${data.algorithm} ${base64(data.publicKey)}`,
    parse: (w) => ({
      flags: w.number(),
      protocol: w.number(),
      algorithm: w.number(),
      publicKey: w.rest(fromBase64, "base64"),
    }),
  },
  // RFC 4034 3.2
  RRSIG: {
    print: (data) =>
      [
        printType(data.typeCovered),
        data.algorithm,
        data.labels,
        data.originalTtl,
        printTime(data.expiration),
        printTime(data.inception),
        data.keyTag,
        quotedName(data.signer),
        base64(data.signature),
      ].join(" "),
    parse: (w) => ({
      typeCovered: parseType(w.word("a type")),
      algorithm: w.number(),
      labels: w.number(),
      originalTtl: w.number(),
      expiration: parseTime(w.word("a time")),
      inception: parseTime(w.word("a time")),
      keyTag: w.number(),
      signer: w.name(),
      signature: w.rest(fromBase64, "base64"),
    }),
  },
  // RFC 4034 4.2
  NSEC: {
    print: ({ next, types }) => [quotedName(next), ...types.map(printType)].join(" "),
    parse: (w) => ({ next: w.name(), types: w.types() }),
  },
  // RFC 5155 3.3
  NSEC3: {
    print: (data) =>
      [
        data.hashAlgorithm,
        data.flags,
        data.iterations,
        data.salt.length === 0 ? "-" : hex(data.salt),
        base32Hex(data.nextHash),
        ...data.types.map(printType),
      ].join(" "),
    parse: parseNsec3,
  },
  // RFC 9460 2.1
  HTTPS: {
    print: ({ priority, target, parameters }) => {
      const printed = parameters.map(([key, value]) => `key${key}=${quotedString(value)}`);
      return [priority, quotedName(target), ...printed].join(" ");
    },
    parse: parseHttps,
  },
};

function parseNsec3(w: Words): DataByType["NSEC3"] {
  const [hashAlgorithm, flags, iterations] = [w.number(), w.number(), w.number()];
  const saltText = w.word("a salt");
  const salt = saltText === "-" ? new Uint8Array(0) : fromHex(saltText);
  const nextHash = fromBase32Hex(utf8(w.word("a hash")));
  if (salt === null || nextHash === null) return w.fail("expected a salt and a hash before this");
  return { hashAlgorithm, flags, iterations, salt, nextHash, types: w.types() };
}

function parseHttps(w: Words): DataByType["HTTPS"] {
  const [priority, target] = [w.number(), w.name()];
  const parameters: [key: number, value: Bytes][] = [];
  while (!w.done) {
    parameters.push(w.parameter());
  }
  return { priority, target, parameters: parameters.toSorted(([a], [b]) => a - b) };
}

/** What else than a dot and a backslash means something in a zone file. */
function quotedName(name: Name): string {
  return name.replace(/["();@$]/g, "\\$&");
}

function quotedString(octets: Uint8Array): string {
  let text = "";
  for (const octet of octets) {
    const character = String.fromCharCode(octet);
    if (octet < 0x20 || octet > 0x7e) text += `\\${String(octet).padStart(3, "0")}`;
    else text += character === '"' || character === "\\" ? `\\${character}` : character;
  }
  return `"${text}"`;
}

/** The octets of a text with escapes; what is outside of ASCII is UTF-8. RFC 1035 5.1 */
function octetsOf(text: string): Bytes {
  const s = new Scanner(text);
  const pieces: Uint8Array[] = [];
  while (!s.done) {
    const plain = s.takeMatch(/[^\\]+/y);
    if (plain !== null) pieces.push(utf8(plain));
    else {
      s.expect("\\");
      const digits = s.takeMatch(/\d{3}/y);
      if (digits !== null && Number(digits) > 255) s.fail("an octet above 255");
      pieces.push(
        digits === null ? utf8(s.expectMatch(/[^\d]/yu, "an escaped character")) : Uint8Array.of(+digits),
      );
    }
  }
  return concat(pieces);
}

function fromHex(text: string): Bytes | null {
  return /^(?:[0-9a-fA-F]{2})*$/.test(text) ? Uint8Array.fromHex(text) : null;
}

/** `YYYYMMDDHHmmSS` of the 32 bits as they are next read; the century is left to whoever compares. RFC 4034 3.2 */
function printTime(seconds: number): string {
  return new Date(seconds * 1000).toISOString().slice(0, 19).replace(/\D/g, "");
}

function parseTime(text: string): number {
  if (/^\d{1,10}$/.test(text)) return Number(text);
  const match = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$/.exec(text);
  if (match === null) throw new SyntaxError("not a time of 14 digits");
  const [, year, month, day, hour, minute, second] = match;
  const millis = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  if (Number.isNaN(millis)) throw new SyntaxError("there is no such time");
  return (millis / 1000) % 0x100000000;
}
