/**
 * What real clients do and need that no standard says, or that standards leave open, and how this server answers each.
 *
 * A row is a fact about a client, found out in one of four ways, which `knownFrom` tells: a test of ours runs the client itself; a
 * trace was taken of it while it spoke to this server; its source says so; or there are public documents only, and nobody
 * has seen it here. `seen` names the tests of ours that show our answer.
 *
 * Behaviour is the same for every client (see `quirks.ts`), so nothing reads this at run time.
 *
 * Tested by `src/imapd/quirks_test.ts`.
 *
 * @module
 */
import type { HideableCapability } from "../imap/hideable.ts";

/** The clients that are looked after. */
export const clients = [
  "Thunderbird",
  "Apple Mail",
  "Outlook",
  "mutt",
  "K-9 Mail",
  "mbsync",
  "offlineimap",
  "imapflow",
] as const;

export interface ClientNeed {
  readonly client: typeof clients[number];
  /** What it does, or cannot bear. */
  readonly does: string;
  /** How we answer, and where. */
  readonly answer: string;
  readonly knownFrom: "running it" | "a trace" | "its source" | "documents only";
  /** Files of this repository, from its root. */
  readonly seen: readonly string[];
  /** Public: a repository and a file or issue of it, or a manual. */
  readonly source: string;
  /** What an account hides for it, where no answer helps. */
  readonly hide?: HideableCapability;
}

const transcript = (client: string) => `tests/transcripts/imap/client_${client}.txt`;
const thunderbird = ["tests/scenarios/thunderbird_test.ts", transcript("thunderbird")];
const mutt = ["tests/scenarios/clients_test.ts", transcript("mutt")];
const mbsync = ["tests/scenarios/mbsync_test.ts", transcript("mbsync")];
const offlineimap = ["tests/scenarios/offlineimap_test.ts", transcript("offlineimap")];

export const clientNeeds: readonly ClientNeed[] = [
  {
    client: "Thunderbird",
    does:
      "Asks GETQUOTAROOT of each mailbox it opens; a QUOTA response without resources is a syntax error to it.",
    answer: "Where nothing is limited there is no quota root: quota.ts.",
    knownFrom: "running it",
    seen: thunderbird,
    source: "comm-central, nsImapServerResponseParser.cpp, quota_data()",
  },
  {
    client: "Thunderbird",
    does: "Ends IDLE at the first response, then asks NOOP and for the flags from UIDNEXT on.",
    answer:
      "IDLE tells at once; of `n:*` above the last UID, the last message is answered: idle.ts, chosen.ts.",
    knownFrom: "running it",
    seen: thunderbird,
    source: "comm-central, nsImapProtocol.cpp",
  },
  {
    client: "Thunderbird",
    does:
      "With COMPRESS, takes of what it inflated as many octets as were compressed, and waits with the rest of a line behind `+`.",
    answer: "What is known when IDLE begins is told in front of the `+`: idle.ts.",
    knownFrom: "running it",
    seen: ["tests/scenarios/thunderbird_test.ts", "src/imapd/select_test.ts"],
    source: "comm-central, nsImapProtocol.cpp, HandleIdleResponses(); nsMsgCompressIStream.cpp, Available()",
  },
  {
    client: "Thunderbird",
    does: "Lists with SUBSCRIBED and RETURN (SPECIAL-USE), in lower case, once for each namespace.",
    answer: "LIST tells \\Subscribed and uses together; an empty namespace answers OK: list.ts.",
    knownFrom: "running it",
    seen: thunderbird,
    source: "comm-central, nsImapProtocol.cpp, Lsub()",
  },
  {
    client: "Thunderbird",
    does: "Sends PLAIN without an initial response, then ID, ENABLE UTF8=ACCEPT, LANGUAGE and COMPRESS.",
    answer: "An empty challenge is `+` and a space; all of these are there from sign-in on: authenticate.ts.",
    knownFrom: "running it",
    seen: thunderbird,
    source: "comm-central, nsImapProtocol.cpp",
  },
  {
    client: "Thunderbird",
    does: "Marks with keywords of its own ($label1, NonJunk), if PERMANENTFLAGS has `\\*`.",
    answer: "It has. Keywords come back in lower case, which it does not mind: flag_list.ts.",
    knownFrom: "its source",
    seen: [transcript("thunderbird")],
    source: "comm-central, nsImapServerResponseParser.cpp",
  },
  {
    client: "Thunderbird",
    does: "Can write a separator behind the name of a mailbox, in commands other than CREATE, too.",
    answer: "One is passed over wherever a name is read: imap/mailbox_name.ts.",
    knownFrom: "documents only",
    seen: [transcript("thunderbird")],
    source: "Dovecot, imap_client_workarounds, tb-extra-mailbox-sep",
  },
  {
    client: "Thunderbird",
    does: "Versions 17 to 24 counted new mail wrongly once CONDSTORE was in use.",
    answer: "MODSEQ is told from the first command on that asks for it, not before: updates.ts.",
    knownFrom: "documents only",
    seen: ["tests/transcripts/imap/condstore.txt"],
    source: "Dovecot, documentation, clients",
  },
  {
    client: "Apple Mail",
    does: "Since iOS 18, sends commands in one packet with the DONE before them.",
    answer: "What follows DONE is read as usual: idle.ts, input.ts.",
    knownFrom: "documents only",
    seen: [transcript("apple_mail")],
    source: "stalwartlabs/stalwart issue 765",
  },
  {
    client: "Apple Mail",
    does: "Searches 1:* without looking whether there is a message.",
    answer: "In an empty mailbox that finds nothing and is OK: finding.ts.",
    knownFrom: "documents only",
    seen: [transcript("apple_mail")],
    source: "emersion/go-imap issue 145",
  },
  {
    client: "Apple Mail",
    does: "Looks for special uses in the answer to a LIST that does not ask for them.",
    answer: "LIST always tells them: list.ts.",
    knownFrom: "documents only",
    seen: [transcript("apple_mail")],
    source: "cyrusimap/cyrus-imapd issue 1514, mjl-/mox issue 66",
  },
  {
    client: "Apple Mail",
    does: "Fetches parts in pieces of 393216 octets, counting on the last to be shorter.",
    answer: "The literal is as long as what is there: fetch.ts.",
    knownFrom: "documents only",
    seen: [transcript("apple_mail")],
    source: "feedback-assistant/reports issue 840",
  },
  {
    client: "Apple Mail",
    does: "Moves what is gone already; answered NO, it keeps the message on the screen.",
    answer: "UIDs that are gone are no error: copy.ts.",
    knownFrom: "documents only",
    seen: [transcript("apple_mail")],
    source: "stalwartlabs/stalwart issue 1201",
  },
  {
    client: "Apple Mail",
    does: "Version 3.2 relied on tagged answers in the order of its commands.",
    answer: "Commands run one after the other: serve_imap.ts.",
    knownFrom: "documents only",
    seen: ["tests/transcripts/imap/everything.txt", transcript("mutt")],
    source: "Dovecot, src/imap/imap-sync.c",
  },
  {
    client: "Apple Mail",
    does: "Before version 2.1 (and Outlook Express 6) took EXISTS only from NOOP and CHECK.",
    answer: "None: new mail is told with any command. These clients are from before 2007.",
    knownFrom: "documents only",
    seen: ["tests/transcripts/imap/updates.txt"],
    source: "Dovecot, imap_client_workarounds, delay-newmail",
  },
  {
    client: "Outlook",
    does:
      "Microsoft's servers, which fetch for the new Outlook, enable UIDONLY and then fetch by message number.",
    answer: "RFC 9586 has BAD for that, so nothing arrives until the account hides UIDONLY.",
    knownFrom: "documents only",
    seen: [transcript("outlook"), "src/imapd/quirks_test.ts"],
    source: "modern-email/defects issue 49, mjl-/mox issue 388",
    hide: "UIDONLY",
  },
  {
    client: "Outlook",
    does:
      "They send ID first, and LOGIN with name and password as literals that wait for nothing, in one packet.",
    answer: "LITERAL+ is whole before sign-in, too: imap/command_reader.ts.",
    knownFrom: "documents only",
    seen: [transcript("outlook"), "tests/transcripts/imap/login.txt"],
    source: "migadu/sora pull request 77",
  },
  {
    client: "Outlook",
    does:
      "Outlook 2013 looks for special uses in LSUB; where none is marked, it makes mailboxes in its own language.",
    answer: "LSUB tells them, and new accounts have mailboxes that are marked: list.ts.",
    knownFrom: "documents only",
    seen: [transcript("outlook")],
    source: "Dovecot, src/imap/cmd-list.c; hmailserver/hmailserver issue 534",
  },
  {
    client: "Outlook",
    does: "Outlook 2013 and 2016 use XLIST where it is announced.",
    answer: "It is not; they take LIST then.",
    knownFrom: "documents only",
    seen: [transcript("outlook")],
    source: "zone-eu/wildduck issue 91",
  },
  {
    client: "Outlook",
    does: "Idles before it has selected a mailbox.",
    answer: "IDLE is allowed then, and tells nothing: idle.ts.",
    knownFrom: "documents only",
    seen: [transcript("outlook"), "tests/transcripts/imap/idle.txt"],
    source: "linagora/james-project issue 5320",
  },
  {
    client: "mutt",
    does: "Refuses a server that does not announce IMAP4rev1 or IMAP4; rev2 it does not know.",
    answer: "Both are announced, and rev2 is in force only after ENABLE: capability.ts.",
    knownFrom: "running it",
    seen: mutt,
    source: "mutt, imap/imap.c, imap_check_capabilities()",
  },
  {
    client: "mutt",
    does: 'Sends commands together, DONE and what follows included; learns the separator by LIST "" "".',
    answer: "Answers come in order, and an empty pattern names the root: serve_imap.ts, list.ts.",
    knownFrom: "running it",
    seen: mutt,
    source: "mutt, imap/command.c",
  },
  {
    client: "mutt",
    does:
      "Keeps headers and comes back with QRESYNC, if told to; marks what was listed with the keyword Old.",
    answer: "VANISHED and MODSEQ as RFC 7162 has them: catch_up.ts, updates.ts.",
    knownFrom: "a trace",
    seen: [transcript("mutt")],
    source: "mutt, manual, imap_qresync",
  },
  {
    client: "K-9 Mail",
    does: "Searches *:* and 1:* without looking whether there is a message.",
    answer: "In an empty mailbox that finds nothing and is OK: finding.ts.",
    knownFrom: "its source",
    seen: [transcript("k9")],
    source: "thunderbird-android, RealImapFolder.kt",
  },
  {
    client: "K-9 Mail",
    does: "Understands SEARCH responses, and no ESEARCH.",
    answer: "Without RETURN it is SEARCH, unless IMAP4rev2 was enabled: search.ts.",
    knownFrom: "its source",
    seen: [transcript("k9")],
    source: "thunderbird-android, SearchResponse",
  },
  {
    client: "K-9 Mail",
    does:
      "Gives push up where IDLE ends without a continuation; while idling it heeds EXISTS, EXPUNGE and FETCH.",
    answer: "The continuation comes first, before anything is told: idle.ts.",
    knownFrom: "its source",
    seen: [transcript("k9"), "tests/transcripts/imap/idle.txt"],
    source: "thunderbird-android, RealImapFolderIdler.kt",
  },
  {
    client: "mbsync",
    does: "Sends as many commands at once as it has, and compresses when that is announced.",
    answer: "Each is answered in its turn, within limits of memory: input.ts, compress.ts.",
    knownFrom: "running it",
    seen: mbsync,
    source: "isync, manual, PipelineDepth",
  },
  {
    client: "mbsync",
    does: "Finds what it appended by APPENDUID, else by a header line X-TUID from a UID on.",
    answer: "APPENDUID is always told: append.ts.",
    knownFrom: "running it",
    seen: mbsync,
    source: "isync, src/drv_imap.c",
  },
  {
    client: "mbsync",
    does:
      "Moves to its trash with MOVE where that is announced; its manual knows servers whose MOVE is wrong.",
    answer: "Ours is atomic, and tells COPYUID first (copy.ts). An account can hide MOVE all the same.",
    knownFrom: "a trace",
    seen: [transcript("mbsync"), "src/imapd/quirks_test.ts"],
    source: "isync, manual, DisableExtension",
    hide: "MOVE",
  },
  {
    client: "offlineimap",
    does:
      "Sends ID before it signs in, asks for capabilities again after that, and for the separator by LIST.",
    answer: "All of these are answered at any time: id.ts, capability.ts, list.ts.",
    knownFrom: "running it",
    seen: offlineimap,
    source: "offlineimap3, imapserver.py",
  },
  {
    client: "offlineimap",
    does: "Needs EXISTS of an empty mailbox, too, and UID beside FLAGS in the answers to UID STORE.",
    answer:
      "SELECT and EXAMINE say `0 EXISTS`; every FETCH response of UID STORE has the UID: select.ts, store.ts.",
    knownFrom: "running it",
    seen: offlineimap,
    source: "offlineimap3, folder/IMAP.py",
  },
  {
    client: "imapflow",
    does:
      "Compresses when COMPRESS is announced, and fails if anything stands between its OK and the first octet.",
    answer: "Nothing is told in between: compress.ts. An account can hide it.",
    knownFrom: "running it",
    seen: ["tests/peers/npm_clients.ts", "src/imapd/compress_test.ts"],
    source: "postalsys/imapflow, lib/commands/compress.js",
    hide: "COMPRESS=DEFLATE",
  },
  {
    client: "imapflow",
    does:
      "Asks all of LIST in one: SUBSCRIBED, STATUS, SPECIAL-USE and CHILDREN; it expects no more than it asked for.",
    answer: "Return options can be combined: list.ts.",
    knownFrom: "running it",
    seen: ["tests/peers/npm_clients.ts"],
    source: "postalsys/imapflow, lib/commands/list.js",
  },
];
