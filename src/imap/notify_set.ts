/**
 * NOTIFY as it is after parsing: part of {@link "./command.ts".Command}. RFC 5465 3, 5, 6
 *
 * Tested by `src/imap/notify_test.ts`.
 *
 * @module
 */
import type { FetchItem } from "./fetch_item.ts";

/** RFC 5465 3.1; null for NONE. */
export interface Notify {
  readonly verb: "NOTIFY";
  readonly set: NotifySet | null;
}

export interface NotifySet {
  /** Whether the client wants to be told first how things are. */
  readonly status: boolean;
  /** What to tell of the selected mailbox, whatever it is; null for nothing. */
  readonly selected: SelectedEvents | null;
  /** The others. Several may name one mailbox; what they ask for adds up. */
  readonly groups: readonly NotifyGroup[];
  /** Annotations of the server, asked for in whatever group. RFC 5465 5.7 */
  readonly server: boolean;
}

/** SELECTED and SELECTED-DELAYED: what arrives and what goes is always told, flags if asked for. RFC 5465 6.1 */
export interface SelectedEvents {
  /** Whether EXPUNGE has to wait for a command that allows it. */
  readonly delayed: boolean;
  readonly flags: boolean;
  /** What to tell at once of messages that arrive; may be empty. */
  readonly fetch: readonly FetchItem[];
}

/** RFC 5465 6.2 to 6.6 */
export interface NotifyGroup {
  readonly of: "PERSONAL" | "INBOXES" | "SUBSCRIBED" | "SUBTREE" | "MAILBOXES";
  /** Of SUBTREE and MAILBOXES. */
  readonly names: readonly string[];
  readonly events: NotifyEvents;
}

/** RFC 5465 5 */
export interface NotifyEvents {
  /** MessageNew and MessageExpunge. */
  readonly messages: boolean;
  readonly flags: boolean;
  readonly names: boolean;
  readonly subscriptions: boolean;
  /** Annotations of the mailbox. RFC 5465 5.6 */
  readonly annotations: boolean;
}
