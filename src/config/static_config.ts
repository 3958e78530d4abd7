/**
 * `mailden.toml`: what only a restart changes. Listeners, TLS, folders, logging. The supervisor reads it and
 * hands each role its part. Field names follow the reference's meaning.
 *
 * Tested by `src/config/load_test.ts`.
 *
 * @module
 */
import { KiB, MiB } from "../base/bytes.ts";
import { levels } from "../base/log.ts";
import { authentication } from "./authentication_config.ts";
import { checkDns, dns } from "./dns_config.ts";
import { host, ip, messageSizes, port } from "./network_fields.ts";
import { queue } from "./queue_config.ts";
import { checkTransports, transports } from "./transport_config.ts";
import {
  bytes,
  choice,
  duration,
  type Field,
  flag,
  integer,
  list,
  map,
  optional,
  table,
  text,
  type Value,
} from "./schema.ts";

/** Limits of one kind of connection. The three numbers: one address, its network, its wide network. */
const connectionFields = {
  connectionsPerMinute: list(integer({ doc: "", min: 1, max: 1_000_000 }), {
    doc:
      "New connections a minute from one address (IPv4 /32, IPv6 /64), its network (/26, /48), its wide network (/21, /32).",
    default: [300, 900, 2700],
  }),
  openConnections: list(integer({ doc: "", min: 1, max: 1_000_000 }), {
    doc: "Open connections from one address, its network, its wide network.",
    default: [30, 90, 270],
  }),
};

const smtpFields = {
  ...connectionFields,
  maxMessageBytes: bytes({
    doc: "Largest message accepted; announced with SIZE (RFC 1870).",
    default: 100 * MiB,
    ...messageSizes,
  }),
  maxRecipients: integer({
    doc: "Recipients of one message (RFC 9422 RCPTMAX).",
    min: 1,
    max: 100_000,
    default: 1000,
  }),
  maxReceived: integer({
    doc: "Received fields at which a message is going in circles (RFC 5321 6.3).",
    min: 30,
    max: 1000,
    default: 100,
  }),
  maxCommandLine: bytes({
    doc:
      "Longest command line, its end included (RFC 5321 4.5.3.1.4 asks for 512 bytes, extensions for some 1500).",
    default: 2 * KiB,
    min: 2 * KiB,
    max: 64 * KiB,
  }),
  readTimeout: duration({ doc: "How long to wait for a client's next bytes.", default: 30_000, min: 1000 }),
  writeTimeout: duration({
    doc: "How long a client may take none of what it is sent.",
    default: 30_000,
    min: 1000,
  }),
  commandTimeout: duration({
    doc: "How long one command line may take to arrive.",
    default: 60_000,
    min: 1000,
  }),
  dataTimeout: duration({
    doc: "How long one message may take to arrive.",
    default: 30 * 60_000,
    min: 1000,
  }),
  maxErrors: integer({
    doc: "Refused commands before the connection is closed; a message that is taken begins the count anew.",
    min: 1,
    max: 10_000,
    default: 20,
  }),
  maxUnknownCommands: integer({
    doc: "Words that are no command before the connection is closed; counted as maxErrors.",
    min: 1,
    max: 10_000,
    default: 10,
  }),
  maxIdleCommands: integer({
    doc:
      "Commands that move no mail (NOOP, RSET, EHLO) before the connection is closed; counted as maxErrors.",
    min: 2,
    max: 100_000,
    default: 100,
  }),
  maxBadTransactions: integer({
    doc: "Messages that came to nothing before the connection is closed, while none was taken.",
    min: 1,
    max: 10_000,
    default: 10,
  }),
};

/** What only those who sign in can push against. */
const signInFields = {
  maxAuthFailures: integer({
    doc: "Failed attempts to sign in before the connection is closed.",
    min: 1,
    max: 100,
    default: 10,
  }),
};

const smtp = table(
  {
    port: port(25),
    ...smtpFields,
    noRequireTls: flag({
      doc: "Do not offer REQUIRETLS (RFC 8689) to other servers.",
      default: false,
    }),
    dnsBlocklists: list(host(""), { doc: "DNS blocklists that senders are looked up in (RFC 5782)." }),
  },
  "SMTP: mail from other servers (RFC 5321), with STARTTLS.",
);

const submission = table({
  port: port(587),
  noRequireStartTls: flag({
    doc: "Take passwords without TLS. Only for a server that is reached on this machine alone.",
    default: false,
  }),
  ...smtpFields,
  ...signInFields,
}, "Submission: mail from this server's users (RFC 6409), with STARTTLS.");

const submissions = table(
  { port: port(465), ...smtpFields, ...signInFields },
  "Submission over TLS from the first byte (RFC 8314).",
);

const imapFields = {
  ...connectionFields,
  idleTimeout: duration({
    doc: "How long a signed-in client may be silent.",
    default: 30 * 60_000,
    min: 1000,
  }),
  loginTimeout: duration({
    doc: "How long a client that has not signed in may be silent; in all it has six times as long.",
    default: 30_000,
    min: 100,
  }),
  messageLimit: optional(integer({
    doc:
      "Most messages of one command (RFC 9738). None if left out: clients that do not know of it see only the last of a mailbox.",
    min: 1000,
    max: 4_294_967_295,
  })),
  saveLimit: optional(integer({
    doc: "The same for copying and appending alone (RFC 9738).",
    min: 1000,
    max: 4_294_967_295,
  })),
};

const imap = table({
  port: port(143),
  noRequireStartTls: flag({
    doc: "Take passwords without TLS. Only for a server that is reached on this machine alone.",
    default: false,
  }),
  ...imapFields,
}, "IMAP (RFC 9051, RFC 3501), with STARTTLS.");

const imaps = table({ port: port(993), ...imapFields }, "IMAP over TLS from the first byte (RFC 8314).");

const tls = table({
  keyCerts: list(
    table({
      certFile: text({ doc: "Certificate chain in PEM, the server's own first." }),
      keyFile: text({ doc: "Its private key in PEM (PKCS#8)." }),
    }),
    {
      doc:
        "Certificates; which one a client gets depends on the name it asks for. Relative to this file's folder.",
      min: 1,
    },
  ),
  handshakeTimeout: duration({ doc: "How long a handshake may take.", default: 30_000, min: 100 }),
}, "TLS for everything on this listener.");

const listener = table({
  addresses: list(ip, { doc: "IP addresses to listen on.", min: 1 }),
  hostname: optional(host("Name in greetings; default is the server's.")),
  tls: optional(tls),
  smtp: optional(smtp),
  submission: optional(submission),
  submissions: optional(submissions),
  imap: optional(imap),
  imaps: optional(imaps),
  http: optional(table({ port: port(80) }, "Web pages without TLS. Only for this machine.")),
  https: optional(table({ port: port(443) }, "Web pages.")),
  metrics: optional(table({ port: port(8010) }, "Prometheus metrics at /metrics. Not for the public.")),
}, "A listener: addresses, and the services on them.");

/** The whole file. */
export const staticSchema = table({
  dataDir: text({
    doc: "Folder of mail, queue and keys; relative to this file's folder.",
    default: "data",
    // Both have a file `lock`.
    check: (value) =>
      /^[./]*$/.test(value) && !value.startsWith("/") && !value.includes("..")
        ? 'is the folder of this file: use one of its own, as "data"'
        : null,
  }),
  hostname: host("Name of this server, as other servers see it."),
  logLevel: choice(levels, { doc: "Least level that is logged.", default: "info" }),
  logFormat: choice(["text", "json"], { doc: "For people, or for machines.", default: "text" }),
  listeners: map(listener, {
    doc: "Listeners, by a name of your choice.",
    sample: "public",
    checkKey: (key) =>
      /^[a-z0-9-]{1,32}$/.test(key) ? null : "use lower-case letters, digits and - for names",
  }),
  adminContact: text({
    doc:
      "How to reach the administrator, as mailto:, tel: or https: address; IMAP clients are told (RFC 5464 6.2.2).",
    default: "",
    check: (value) =>
      /^((mailto|tel|https):[\x21-\x7e]{1,500})?$/.test(value)
        ? null
        : 'is none: write "mailto:postmaster@example.org", a tel: or a https: address',
  }),
  dns,
  transports,
  queue,
  history: table({
    days: integer({
      doc:
        "Expunged messages are remembered for so many days, so that clients which come back hear of each (RFC 7162).",
      min: 1,
      max: 3650,
      default: 60,
    }),
    messages: integer({
      doc: "And in each mailbox at most so many of them; who missed more compares its messages once.",
      min: 100,
      max: 10_000_000,
      default: 20_000,
    }),
  }, "What is remembered of messages that are gone."),
  authentication,
  localserve: optional(table({
    account: text({ doc: "The account that gets what is sent to unknown addresses." }),
    password: text({ doc: "Its password, shown on the page; set when the account has none." }),
    adminPassword: text({ doc: "The administrator's password, shown on the page." }),
  }, "For development: take mail for any address, make failures on request, show a page with passwords.")),
});

export type StaticConfig = Value<typeof staticSchema>;
export type Listener = StaticConfig["listeners"][string];

/** What no single field can tell: services that need TLS, ports used twice, nothing to do. */
export function checkStatic(config: StaticConfig): { path: string; message: string }[] {
  const problems = [...checkTransports(config.transports), ...checkDns(config.dns)];
  if (Object.keys(config.listeners).length === 0) {
    problems.push({
      path: "listeners",
      message: "there is none: write [listeners.public] with addresses and services",
    });
  }
  const taken = new Map<string, string>();
  for (const [name, each] of Object.entries(config.listeners)) {
    const path = `listeners.${name}`;
    for (const service of ["submissions", "imaps", "https"] as const) {
      if (each[service] !== null && each.tls === null) {
        problems.push({
          path: `${path}.${service}`,
          message: `needs TLS: write [${path}.tls] with keyCerts`,
        });
      }
    }
    for (const service of ["submission", "imap"] as const) {
      if (each[service] !== null && each.tls === null && each[service]?.noRequireStartTls !== true) {
        problems.push({
          path: `${path}.${service}`,
          message: `nobody could sign in without TLS: write [${path}.tls], or set noRequireStartTls`,
        });
      }
    }
    for (const service of ["imap", "imaps"] as const) {
      const limits = each[service];
      if (limits !== null && limits.messageLimit !== null && limits.saveLimit !== null) {
        problems.push({
          path: `${path}.${service}.saveLimit`,
          message: "messageLimit stands for it already: leave one of them out",
        });
      }
    }
    for (const limited of ["smtp", "submission", "submissions", "imap", "imaps"] as const) {
      for (const field of ["connectionsPerMinute", "openConnections"] as const) {
        const count = each[limited]?.[field].length;
        if (count !== undefined && count !== 3) {
          problems.push({
            path: `${path}.${limited}.${field}`,
            message: `has ${count} numbers instead of 3`,
          });
        }
      }
    }
    for (const [service, port] of services(each)) {
      for (const address of each.addresses) {
        const key = `${address} port ${port}`;
        const first = taken.get(key);
        if (first !== undefined) {
          problems.push({ path: `${path}.${service}`, message: `${key} is taken by ${first}` });
        }
        taken.set(key, `${path}.${service}`);
      }
    }
  }
  return problems;
}

/** The names of services that a listener can have. */
export const serviceNames = [
  "smtp",
  "submission",
  "submissions",
  "imap",
  "imaps",
  "http",
  "https",
  "metrics",
] as const;
export type ServiceName = typeof serviceNames[number];

/** The services of a listener and their ports. */
export function services(listener: Listener): [service: ServiceName, port: number][] {
  return serviceNames.flatMap((name) => {
    const service = listener[name];
    return service === null ? [] : [[name, service.port] as [ServiceName, number]];
  });
}

/** For a schema that is only described. */
export const describedStatic: Field<unknown> = staticSchema;
