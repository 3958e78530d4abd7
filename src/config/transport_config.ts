/**
 * The part of `mailden.toml` about the ways on which mail can leave. Routes in `domains.toml` name them.
 *
 * Tested by `src/config/outgoing_config_test.ts`.
 *
 * @module
 */
import { isAscii } from "../address/domain.ts";
import { type ClientMechanism, clientMechanisms } from "../smtp/client_rules.ts";
import { host, hostOrIp, port } from "./network_fields.ts";
import {
  choice,
  flag,
  integer,
  list,
  map,
  optional,
  type Problem,
  secret,
  table,
  text,
  type Value,
} from "./schema.ts";

const relayFields = {
  host: hostOrIp("The server that passes our mail on."),
  username: text({ doc: "To sign in with; empty: not at all.", default: "" }),
  password: secret({ doc: "Of that user.", default: "" }),
  mechanisms: list<ClientMechanism>(choice(clientMechanisms, { doc: "" }), {
    doc:
      `Ways to sign in, in order of preference: the first that the server offers is used. PLAIN and LOGIN, which show it
the password, are used over TLS only, and only if they are named here. EXTERNAL signs in with the certificate of certFile.`,
    default: ["SCRAM-SHA-256", "SCRAM-SHA-1", "CRAM-MD5"],
  }),
  trusted: list(text({ doc: "", check: certificateFault }), {
    doc: "Certificates in PEM that are trusted instead of the system's, as text in three quotes.",
  }),
  certFile: text({
    doc: "Our own certificate with its chain, in PEM, for a server that asks for one.",
    default: "",
  }),
  keyFile: text({ doc: "Its private key.", default: "" }),
};

const startTlsFields = {
  startTlsInsecureSkipVerify: flag({
    doc: "Ask for TLS, and take whatever certificate is shown: who can redirect us reads the mail.",
    default: false,
  }),
  noStartTls: flag({ doc: "No TLS at all: who listens reads the mail.", default: false }),
};

const relay = (standardPort: number, doc: string) =>
  optional(table({ port: port(standardPort), ...relayFields, ...startTlsFields }, doc));

const transport = table({
  smtp: relay(25, "Through another server by SMTP; STARTTLS is required and its certificate verified."),
  submission: relay(587, "The same through a submission service (RFC 6409)."),
  submissions: optional(
    table({ port: port(465), ...relayFields }, "The same with TLS from the first byte (RFC 8314)."),
  ),
  socks: optional(table({
    host: hostOrIp("The SOCKS5 proxy (RFC 1928)."),
    port: port(1080),
    username: text({ doc: "For the proxy (RFC 1929); empty: none.", default: "", check: socksTextFault }),
    password: secret({ doc: "Of that user.", default: "", check: socksTextFault }),
    hostname: host(
      "How we name ourselves there: the name of the address from which the world sees the proxy.",
    ),
  }, "Straight to the recipient's mail exchangers, through a proxy.")),
  direct: optional(table({
    disableIpv4: flag({ doc: "Use IPv6 only.", default: false }),
    disableIpv6: flag({ doc: "Use IPv4 only.", default: false }),
  }, "Straight to the recipient's mail exchangers.")),
  fail: optional(table({
    code: integer({
      doc: "400 to 499: it is tried again later; 500 to 599: it comes back.",
      min: 400,
      max: 599,
      default: 554,
    }),
    message: text({
      doc: "What the sender is told.",
      default: "this transport fails, as it is configured to",
      check: (value) =>
        /^[\x20-\x7e]{1,256}$/.test(value) ? null : "is not 1 to 256 characters of ASCII on one line",
    }),
  }, "Nowhere: mail on this way fails.")),
}, "A way for mail to leave: exactly one of smtp, submission, submissions, socks, direct, fail.");

/** `[transports]`. */
export const transports = map(transport, {
  doc:
    "Ways for mail to leave that routes can name; what no route matches goes to the recipient's mail exchangers.",
  sample: "relay",
  checkKey: (key) =>
    /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(key) ? null : "use letters, digits, dots, - and _ for names",
});

export type TransportConfig = Value<typeof transport>;
type Transports = Readonly<Record<string, TransportConfig>>;

/** The kinds, each a table of its own. */
export const transportMethods = ["smtp", "submission", "submissions", "socks", "direct", "fail"] as const;

/** What no single field can tell of transports. */
export function checkTransports(transports: Transports): Problem[] {
  return Object.entries(transports).flatMap(([name, each]) => faultsOf(each, `transports.${name}`));
}

function faultsOf(transport: TransportConfig, path: string): Problem[] {
  const methods = transportMethods.filter((method) => transport[method] !== null);
  const [method] = methods;
  if (method === undefined) {
    return [{
      path,
      message: `says not how: write [${path}.smtp], or one of ${transportMethods.slice(1).join(", ")}`,
    }];
  }
  if (methods.length > 1) {
    return [{
      path,
      message: `has ${methods.join(" and ")}: leave one, and give the others names of their own`,
    }];
  }
  const problems: Problem[] = [];
  const here = `${path}.${method}`;
  const { direct } = transport;
  if (direct !== null && direct.disableIpv4 && direct.disableIpv6) {
    problems.push({
      path: here,
      message: "nothing is left with both disableIpv4 and disableIpv6: remove one",
    });
  }
  const plain = transport.smtp ?? transport.submission;
  if (plain !== null && plain.noStartTls && plain.startTlsInsecureSkipVerify) {
    problems.push({
      path: `${here}.startTlsInsecureSkipVerify`,
      message: "means nothing with noStartTls: remove one of them",
    });
  }
  const relay = plain ?? transport.submissions;
  if (relay !== null) problems.push(...mechanismFaults(relay, `${here}.mechanisms`));
  if (relay !== null) problems.push(...ownCertificateFaults(relay, plain?.noStartTls === true, here));
  const login = relay ?? transport.socks;
  if (login !== null && (login.username === "") !== (login.password === "")) {
    const missing = login.username === "" ? "username" : "password";
    problems.push({
      path: here,
      message: `the ${missing} is missing: write both username and password, or neither`,
    });
  }
  return problems;
}

function mechanismFaults(
  { mechanisms, username }: { readonly mechanisms: readonly string[]; readonly username: string },
  path: string,
): Problem[] {
  const twice = mechanisms.find((name, i) => mechanisms.indexOf(name) !== i);
  if (twice !== undefined) return [{ path, message: `${twice} is there twice: remove one` }];
  if (mechanisms.length > 0 || username === "") return [];
  return [{ path, message: "the list is empty, and nobody could sign in: name one, or remove the username" }];
}

function ownCertificateFaults(
  { mechanisms, certFile, keyFile }: {
    readonly mechanisms: readonly string[];
    readonly certFile: string;
    readonly keyFile: string;
  },
  noTls: boolean,
  path: string,
): Problem[] {
  if ((certFile === "") !== (keyFile === "")) {
    const missing = certFile === "" ? "certFile" : "keyFile";
    return [{ path, message: `the ${missing} is missing: write both certFile and keyFile, or neither` }];
  }
  if (certFile === "" && mechanisms.includes("EXTERNAL")) {
    return [{
      path: `${path}.mechanisms`,
      message: "EXTERNAL needs a certificate: write certFile and keyFile",
    }];
  }
  if (certFile !== "" && noTls) {
    return [{ path: `${path}.certFile`, message: "means nothing with noStartTls: remove one of them" }];
  }
  return [];
}

/** The files of our own certificates, by transport. */
export function ownCertificateFiles(
  transports: Transports,
): readonly {
  readonly name: string;
  readonly path: string;
  readonly certFile: string;
  readonly keyFile: string;
}[] {
  return Object.entries(transports).flatMap(([name, each]) => {
    const method = (["smtp", "submission", "submissions"] as const).find((one) => each[one] !== null);
    const relay = method === undefined ? null : each[method];
    if (relay === null || relay.certFile === "") return [];
    return [{
      name,
      path: `transports.${name}.${method}.certFile`,
      certFile: relay.certFile,
      keyFile: relay.keyFile,
    }];
  });
}

/** One octet tells how many follow. RFC 1929 2 */
function socksTextFault(value: string): string | null {
  return value.length <= 255 && isAscii(value) ? null : "is longer than 255 characters, or not ASCII";
}

function certificateFault(value: string): string | null {
  const isOne = /^\s*-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----\s*$/.test(value);
  return isOne ? null : 'is no certificate in PEM: it begins with "-----BEGIN CERTIFICATE-----"';
}

/** The same without what only the front, which signs in, has to know. */
export function withoutSecrets(transports: Transports): Transports {
  const hidden = { password: "" };
  return Object.fromEntries(
    Object.entries(transports).map(([name, { smtp, submission, submissions, socks, ...rest }]) => [name, {
      ...rest,
      smtp: smtp && { ...smtp, ...hidden },
      submission: submission && { ...submission, ...hidden },
      submissions: submissions && { ...submissions, ...hidden },
      socks: socks && { ...socks, ...hidden },
    }]),
  );
}
