/**
 * What an SMTP connection is handed to work with.
 *
 * @module
 */
import type { Authenticator } from "../accounts/authenticator.ts";
import type { Bytes } from "../base/bytes.ts";
import type { Clock } from "../base/clock.ts";
import type { Gatherer } from "../evidence/gather.ts";
import type { Deliver, Submit } from "../delivery/deliver.ts";
import type { Destinations } from "./destinations.ts";
import type { Indexing } from "../delivery/body_intake.ts";
import type { SmtpMetrics } from "./metrics.ts";
import type { PartialDeliveries } from "./partial_deliveries.ts";
import type { SpoolPlaces } from "./spool_places.ts";

/** The same for all connections of a process. */
export interface SmtpServices {
  readonly deliver: Deliver;
  /** Shares out the spool files of `deliver` among strangers. */
  readonly places: SpoolPlaces;
  readonly authenticator: Authenticator;
  /** Outgoing mail of the account whose capability it is. */
  readonly submit: (capability: string) => Submit;
  /** A new one for each message. */
  readonly indexer: () => Indexing;
  /** Finds out what can be known of incoming mail; null where nothing is to be. */
  readonly evidence: Pick<Gatherer, "begin"> | null;
  /** Knows domains that no mail can reach; null where all mail stays here. */
  readonly destinations: Pick<Destinations, "judge"> | null;
  readonly clock: Clock;
  /** So many random octets. */
  readonly random: (octets: number) => Bytes;
  /** A connection's id as strangers may see it (`base/opaque_id.ts`); in ASCII. */
  readonly publicId: (cid: string) => string;
  readonly metrics: SmtpMetrics;
  readonly partial: PartialDeliveries;
  /** Aborted when the server stops: connections end as soon as nothing is under way on them. */
  readonly stopping: AbortSignal;
}
