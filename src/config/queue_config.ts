/**
 * The part of `mailden.toml` about the queue of outgoing mail.
 *
 * Tested by `src/config/outgoing_config_test.ts`.
 *
 * @module
 */
import { flag, integer, table, type Value } from "./schema.ts";

/** Most attempts that can be configured. */
export const maxAttempts = 30;

/** `[queue]`. */
export const queue = table({
  concurrency: integer({
    doc: "Deliveries at the same time, to whomever.",
    min: 1,
    max: 1000,
    default: 50,
  }),
  concurrencyPerDomain: integer({
    doc: "Of these to one domain: more than a few, and large providers take none.",
    min: 1,
    max: 20,
    default: 1,
  }),
  maxAttempts: integer({
    doc:
      `Attempts before a message comes back. The waits between them double from seven and a half minutes to a day:
8 attempts take 16 hours, 13 five days.`,
    min: 1,
    max: maxAttempts,
    default: 8,
  }),
  strict8BitMime: flag({
    doc:
      `Return a message with 8-bit text (5.6.3) if the next server does not say that it takes such (RFC 6152), instead
of sending it as it is. It is never converted, which would break its signatures.`,
    default: false,
  }),
  privateAddresses: flag({
    doc:
      `Also deliver to mail exchangers whose addresses are private or of this machine, as inside a company or between
servers of a laboratory. Otherwise a stranger's MX record cannot make the server talk to its own network.`,
    default: false,
  }),
  port: integer({
    doc: "Where mail exchangers listen. Another than 25 is for tests.",
    min: 1,
    max: 65_535,
    default: 25,
  }),
}, "Mail on its way out.");

export type QueueConfig = Value<typeof queue>;
