/**
 * Certificates with a good public key whose form is odd in one way each: what an impostor may put another's key into.
 *
 * @module
 */
import { type Bytes, concat, latin1, noBytes } from "../../base/bytes.ts";
import {
  bitString,
  boolean,
  der,
  explicit,
  implicit,
  objectIdentifier,
  octetString,
  sequence,
  setOfOne,
  time,
  unsignedInteger,
  utf8String,
} from "../der.ts";

const day = 24 * 3600_000;
const ecdsa = sequence(objectIdentifier("1.2.840.10045.4.3.2"));
const name = sequence(setOfOne(sequence(objectIdentifier("2.5.4.3"), utf8String("mx.example.org"))));
const names = sequence(implicit(2, latin1("mx.example.org")));
const version = (n: number) => explicit(0, unsignedInteger(new Uint8Array([n - 1])));
const extension = (id: string, value: Uint8Array) => sequence(objectIdentifier(id), octetString(value));
const extensions = (...list: Uint8Array[]) => explicit(3, sequence(...list));
const usual = extensions(extension("2.5.29.17", names));

interface Parts {
  readonly version: Bytes;
  readonly serial: Bytes;
  readonly validity: Bytes;
  readonly behindKey: Bytes;
  readonly extensions: Bytes;
  readonly signature: Bytes;
  readonly behind: Bytes;
}

/** Of this moment, not signed by anybody: whoever goes by the key alone does not look. */
function made(spki: Uint8Array, own: Partial<Parts> = {}): Bytes {
  const now = Date.now();
  const parts = {
    version: version(3),
    serial: unsignedInteger(new Uint8Array([1])),
    validity: sequence(time(now - day), time(now + day)),
    behindKey: noBytes,
    extensions: usual,
    signature: bitString(
      sequence(unsignedInteger(new Uint8Array([1])), unsignedInteger(new Uint8Array([1]))),
    ),
    behind: noBytes,
    ...own,
  };
  const signed = sequence(
    parts.version,
    parts.serial,
    ecdsa,
    name,
    parts.validity,
    name,
    spki,
    parts.behindKey,
    parts.extensions,
  );
  return concat([sequence(signed, ecdsa, parts.signature), parts.behind]);
}

/** Certificates as they should be, but for who signed them. */
export function soundForms(spki: Uint8Array): readonly (readonly [what: string, der: Bytes])[] {
  const all = [
    extension("2.5.29.15", bitString(new Uint8Array([0x80]), 7)),
    extension("2.5.29.17", names),
    sequence(objectIdentifier("2.5.29.19"), boolean(true), octetString(sequence())),
    extension("2.5.29.37", sequence(objectIdentifier("1.3.6.1.5.5.7.3.1"))),
    extension("2.5.29.14", octetString(new Uint8Array(20))),
    extension("1.3.6.1.5.5.7.1.1", sequence()),
  ];
  return [
    ["of version 3", made(spki)],
    ["without extensions", made(spki, { extensions: noBytes })],
    ["with many", made(spki, { extensions: extensions(...all) })],
    ["with a negative number", made(spki, { serial: der(0x02, new Uint8Array([0x80, 1])) })],
    ["with the number 0", made(spki, { serial: unsignedInteger(noBytes) })],
    [
      "with a critical extension that says that it is not",
      made(spki, {
        extensions: extensions(sequence(objectIdentifier("2.5.29.17"), boolean(false), octetString(names))),
      }),
    ],
  ];
}

/** Others. */
export function oddForms(spki: Uint8Array): readonly (readonly [what: string, der: Bytes])[] {
  const inExtension = (id: string, value: Uint8Array) =>
    made(spki, { extensions: extensions(extension(id, value)) });
  return [
    ["of version 1", made(spki, { version: noBytes, extensions: noBytes })],
    ["of version 1, told", made(spki, { version: version(1), extensions: noBytes })],
    ["of version 2", made(spki, { version: version(2), extensions: noBytes })],
    ["of version 1 with extensions", made(spki, { version: noBytes })],
    ["of version 4", made(spki, { version: version(4) })],
    [
      "with something behind its version",
      made(spki, {
        version: der(
          0xa0,
          concat([unsignedInteger(new Uint8Array([2])), unsignedInteger(new Uint8Array([2]))]),
        ),
      }),
    ],
    ["with unique identifiers", made(spki, { behindKey: implicit(1, new Uint8Array([0, 1])) })],
    ["with an empty list of extensions", made(spki, { extensions: extensions() })],
    ["with two lists of extensions", made(spki, { extensions: concat([usual, usual]) })],
    ["with a list of extensions that is none", made(spki, { extensions: explicit(3, setOfOne(names)) })],
    ["with names that are no sequence", inExtension("2.5.29.17", octetString(noBytes))],
    ["with names of nothing", inExtension("2.5.29.17", noBytes)],
    ["with something behind the names", inExtension("2.5.29.17", concat([names, names]))],
    ["with constraints that are no sequence", inExtension("2.5.29.19", boolean(true))],
    ["with name constraints that are no sequence", inExtension("2.5.29.30", noBytes)],
    ["with distribution points that are no sequence", inExtension("2.5.29.31", utf8String("x"))],
    ["with purposes that are no sequence", inExtension("2.5.29.37", objectIdentifier("2.5.29.37.0"))],
    [
      "with an extension without a value",
      made(spki, {
        extensions: extensions(sequence(objectIdentifier("1.2.3"))),
      }),
    ],
    [
      "with an extension with something behind its value",
      made(spki, {
        extensions: extensions(sequence(objectIdentifier("1.2.3"), octetString(noBytes), boolean(true))),
      }),
    ],
    [
      "with an extension that is critical in another spelling",
      made(spki, {
        extensions: extensions(
          sequence(objectIdentifier("2.5.29.17"), der(0x01, new Uint8Array([1])), octetString(names)),
        ),
      }),
    ],
    ["whose validity is no sequence", made(spki, { validity: setOfOne(time(Date.now())) })],
    ["whose number is none", made(spki, { serial: boolean(true) })],
    [
      "whose signature fills no whole octets",
      made(spki, { signature: bitString(new Uint8Array([0xf0]), 4) }),
    ],
    ["without a signature", made(spki, { signature: noBytes })],
    ["with something behind its end", made(spki, { behind: boolean(true) })],
    ["that is larger than is read", inExtension("1.2.3", new Uint8Array(0xffff))],
  ];
}
