/**
 * `mailden-submit.toml`: where `mailden sendmail` hands messages in.
 *
 * @module
 */
import { readMailbox } from "../address/mailbox.ts";
import { isAscii, normalForm } from "../address/domain.ts";
import { parseIp } from "../base/ip_address.ts";
import { clientMechanisms } from "../smtp/client_rules.ts";
import { choice, duration, flag, integer, list, type Problem, table, text, type Value } from "./schema.ts";

const address = (value: string) =>
  readMailbox(value) === null ? "is no address: write it as ann@example.org" : null;
const orNone = (check: (value: string) => string | null) => (value: string) =>
  value === "" ? null : check(value);

function host(value: string): string | null {
  const known = parseIp(value) !== null || (isAscii(value) && normalForm(value) !== null);
  return known ? null : "is no host: write a name as mail.example.org, or an IP address";
}

/** Those that show no password to the server come first. */
const usualMechanisms = clientMechanisms.filter((mechanism) => mechanism !== "LOGIN");

/** The whole file. */
export const submitSchema = table({
  host: text({ doc: "The server that takes messages in (submission).", check: host }),
  port: integer({
    doc: "Its port: 465 for implicit TLS, 587 for STARTTLS.",
    min: 1,
    max: 65535,
    default: 465,
  }),
  tls: choice(["implicit", "startTls", "never"], {
    doc:
      `implicit: TLS from the first octet on. startTls: TLS is demanded before anything is said. The certificate must be
trusted and have the name of the host. never: plain text; for a server on this machine.`,
    default: "implicit",
  }),
  trustedCertFile: text({
    doc: "Certificates in PEM that are trusted instead of the usual ones, for a server that signs its own.",
    default: "",
  }),
  username: text({ doc: "Whom to sign in as; nobody signs in without it.", default: "" }),
  password: text({ doc: "Only those who may send may read this file: chmod 600.", default: "" }),
  clientCertFile: text({
    doc: "A certificate in PEM to show to the server, with its key in clientKeyFile (EXTERNAL).",
    default: "",
  }),
  clientKeyFile: text({ doc: "The key of clientCertFile.", default: "" }),
  mechanisms: list(choice(clientMechanisms, { doc: "" }), {
    doc: "Ways to sign in, the most wanted first; passwords are never sent without TLS.",
    default: usualMechanisms,
  }),
  from: text({
    doc:
      `Address that messages come from. It takes the place of another one in the field From, whose name stays, and is
where bounces go: programs on a machine send as root@machine, which nobody could answer.`,
    check: address,
  }),
  keepFrom: flag({
    doc: "Leave From as it is, and let -f say where bounces go. The server must allow this account to.",
    default: false,
  }),
  localRecipient: text({
    doc:
      "Address that gets what is sent to a name without domain, as root by cron; without it that is an error.",
    default: "",
    check: orNone(address),
  }),
  requireTls: choice(["default", "yes", "no"], {
    doc:
      `yes: to be sent only over verified TLS, all the way (RFC 8689). no: also where the receiving domain's policy forbids
it.`,
    default: "default",
  }),
  hostname: text({
    doc: "Name of this machine for the server (EHLO); without it, its address.",
    default: "",
    check: orNone(host),
  }),
  failureDir: text({
    doc:
      "Folder that keeps messages that could not be handed in; without it, mailden-submit.failures in your home folder.",
    default: "",
  }),
  timeout: duration({ doc: "How long everything may take together.", default: 180_000, min: 1000 }),
});

export type SubmitConfig = Value<typeof submitSchema>;

/** What no single setting can tell. */
export function checkSubmit(config: SubmitConfig): Problem[] {
  const problems: Problem[] = [];
  if ((config.clientCertFile === "") !== (config.clientKeyFile === "")) {
    problems.push({
      path: "clientCertFile",
      message: "goes together with clientKeyFile: give both, or neither",
    });
  }
  if (config.username !== "" && config.password === "" && config.clientCertFile === "") {
    problems.push({ path: "username", message: "needs a password, or a clientCertFile" });
  }
  return problems;
}
