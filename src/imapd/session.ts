/**
 * The state of one connection, as the commands see and change it. RFC 9051 3
 *
 * Tested by `src/imapd/transcripts_test.ts`.
 *
 * @module
 */
import type { Mail } from "../accounts/mail.ts";
import type { SelectedEvents } from "../imap/notify_set.ts";
import type { Log } from "../base/log.ts";
import type { PlainCode } from "../imap/response.ts";
import type { Transport } from "../net/transport.ts";
import { AccountFeed } from "./feed.ts";
import type { Input } from "./input.ts";
import type { Notifications } from "./notifications.ts";
import type { Output } from "./output.ts";
import type { PendingAnnotations } from "./pending_annotations.ts";
import type { ImapEnvironment, ImapServices, ImapSettings } from "./settings.ts";
import type { MailboxView } from "./view.ts";

/** What the client asked to be told differently, for the rest of the connection. RFC 5161 */
export interface Enabled {
  /** MODSEQ in every FETCH response. RFC 7162 3.1 */
  condstore: boolean;
  /** VANISHED instead of EXPUNGE. RFC 7162 3.2.3 */
  qresync: boolean;
  /** UTF-8 in names and quoted strings. RFC 6855 3 */
  utf8: boolean;
  /** ESEARCH instead of SEARCH, no RECENT. RFC 9051 A.1 */
  rev2: boolean;
  /** UIDs instead of message numbers. RFC 9586 */
  uidOnly: boolean;
}

/** Who has signed in. */
export interface SignedIn {
  readonly account: string;
  readonly login: string;
  readonly capability: string;
  readonly mail: Mail;
  /** Extensions that the account hides, see `quirks.ts`. */
  readonly hidden: ReadonlySet<string>;
}

/** Ends the connection, also from within a command, with `* BYE [code] message`. RFC 9051 7.1.5 */
export class Farewell extends Error {
  override readonly name = "Farewell";
  readonly code: PlainCode | null;

  constructor(code: PlainCode | null, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}

/** One connection's state. */
export class Session {
  transport: Transport;
  readonly services: ImapServices;
  readonly settings: ImapSettings;
  readonly environment: ImapEnvironment;
  readonly out: Output;
  readonly input: Input;
  log: Log;
  enabled: Enabled = nothingEnabled();
  signedIn: SignedIn | null = null;
  view: MailboxView | null = null;
  /** Null until ENABLE METADATA. */
  annotationChanges: PendingAnnotations | null = null;
  failedAuths = 0;
  /** Why the connection must end although the client did nothing, once that is known. */
  ending: Farewell | null = null;
  /** What NOTIFY asked for; null until it is used. RFC 5465 3.1 */
  notifications: Notifications | null = null;
  #feed: AccountFeed | null = null;
  /** Mailboxes that changed while one is being opened; null at other times. */
  #changedMeanwhile: Set<number> | null = null;

  constructor(
    transport: Transport,
    services: ImapServices,
    settings: ImapSettings,
    environment: ImapEnvironment,
    input: Input,
    out: Output,
  ) {
    this.transport = transport;
    this.services = services;
    this.settings = settings;
    this.environment = environment;
    this.input = input;
    this.out = out;
    this.log = environment.log;
  }

  /** The connection goes on over this transport, in both directions. */
  use(transport: Transport): void {
    this.transport = transport;
    this.input.use(transport);
    this.out.use(transport);
  }

  /** Reader and writer must know what the following commands and answers are written in. */
  updateMode(): void {
    const { utf8, rev2 } = this.enabled;
    this.input.reader.mode = { utf8, rev2 };
    this.out.w.utf8 = utf8 || rev2;
  }

  /**
   * Selects the mailbox that `open` gives. Changes are heard from before the store is asked: what it answers is as old as
   * its question, so what changed meanwhile is told next.
   */
  async select(mail: Mail, open: () => Promise<MailboxView>): Promise<void> {
    const changed = this.#changedMeanwhile = new Set<number>();
    try {
      await this.listen(mail);
      const view = await open();
      view.stale = changed.has(view.id);
      this.view = view;
    } finally {
      this.#changedMeanwhile = null;
    }
  }

  /** No mailbox is selected any more. @param removed Messages that the client knows to be gone, though nobody told it. */
  deselect(removed = 0): void {
    const { view } = this;
    this.view = null;
    if (view === null || this.wanted === null) return; // It did not want to hear of what happened there meanwhile.
    const mayBeMore = view.stale || view.expunged.length > 0;
    this.notifications?.left(view.id, view.count - removed, view.uidNext, mayBeMore);
  }

  /** What the client wants to hear of the selected mailbox; null for nothing. */
  get wanted(): SelectedEvents | null {
    return this.notifications === null ? everything : this.notifications.selected;
  }

  /** From `look` on nothing that happens is missed; if it fails, all stays as it was. RFC 5465 3.1 */
  async watch(mail: Mail, notifications: Notifications, look: () => Promise<void>): Promise<void> {
    const before = this.notifications;
    await this.listen(mail);
    this.notifications = notifications;
    try {
      await look();
    } catch (error) {
      this.notifications = before;
      throw error;
    }
  }

  /** From when this resolves, changes of the account are heard. */
  async listen(mail: Mail): Promise<void> {
    if (this.#feed !== null) return;
    this.#feed = await AccountFeed.start(mail, (change) => {
      const { mailboxes } = change;
      if (this.annotationChanges !== null) {
        this.annotationChanges.hear(change);
        if (this.annotationChanges.any) this.input.poke();
      }
      for (const mailbox of mailboxes) this.#changedMeanwhile?.add(mailbox);
      const here = this.view !== null && mailboxes.includes(this.view.id);
      if (this.view !== null && here) this.view.stale = true;
      const elsewhere = this.notifications?.hear(change, this.view?.id ?? null) ?? false;
      if (here || elsewhere) this.input.poke();
    }, (error) => this.end(new Farewell("UNAVAILABLE", "lost the mail store, connect again", error)));
  }

  /** The connection is to end as soon as no command is running. */
  end(farewell: Farewell): void {
    this.ending ??= farewell;
    this.input.poke();
  }

  /** Back to not authenticated: what belonged to the account is given back. RFC 8437 3 */
  async signOut(): Promise<void> {
    this.#feed?.stop();
    this.#feed = null;
    this.view = null;
    this.annotationChanges = null;
    this.notifications = null; // RFC 8437 4.1
    this.enabled = nothingEnabled();
    this.updateMode();
    this.log = this.environment.log;
    const { signedIn } = this;
    this.signedIn = null;
    if (signedIn !== null) {
      await this.services.authenticator.release({ capability: signedIn.capability });
    }
  }
}

/** Without NOTIFY: what arrives, what goes and flags, at the end of a command and in IDLE. RFC 5465 3.1 */
const everything: SelectedEvents = { delayed: true, flags: true, fetch: [] };

function nothingEnabled(): Enabled {
  return { condstore: false, qresync: false, utf8: false, rev2: false, uidOnly: false };
}
