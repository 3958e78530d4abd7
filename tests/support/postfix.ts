/**
 * A Postfix of Debian for as long as a test runs: its own configuration, queue and ports, in a temporary folder. The
 * system's own, if one runs, is left alone.
 *
 * Its master needs root, as it starts programs as other users; without it, or without Postfix, {@link hasPostfix} is false.
 *
 * Tested by `tests/scenarios/postfix_test.ts`.
 *
 * @module
 */
import { systemClock } from "../../src/net/system_clock.ts";
import { LineClient, smtp } from "./line_client.ts";
import { join } from "./paths.ts";
import { freePorts } from "./server.ts";
import { has, run } from "./scenario.ts";

const daemons = "/usr/lib/postfix/sbin";

/** Looks at what is waited for. */
const lookMs = 50;
const tries = 600;

/** Whether it can be run here; it is started as root alone. */
export const hasPostfix = Deno.uid() === 0 && has("/usr/sbin/postconf", "-d", "mail_version") &&
  has("/usr/bin/test", "-x", `${daemons}/master`);

/** Who it is, and whom it sends to. */
export interface PostfixSettings {
  readonly hostname: string;
  /** It has one mailbox, of `you` at each of these. */
  readonly domains: readonly string[];
  /** Its certificate. */
  readonly certificate: { readonly chainPem: string; readonly keyPem: string };
  readonly relay: {
    /** Domains that it passes on, to this port of 127.0.0.1. */
    readonly domains: readonly string[];
    readonly port: number;
    /** A file of the certificate that it must show, and the name in that. */
    readonly trusted: string;
    readonly name: string;
  };
}

/** Services as Debian has them, none in a folder of its own (chroot), which would need files of the system. */
const services = (port: number) =>
  `127.0.0.1:${port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
proxywrite unix - - n - 1 proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
`;

const configuration = (folder: string, { hostname, domains, relay }: PostfixSettings) =>
  `compatibility_level = 3.6
queue_directory = ${folder}/spool
data_directory = ${folder}/data
command_directory = /usr/sbin
daemon_directory = ${daemons}
mail_owner = postfix
setgid_group = postdrop
maillog_file = ${folder}/log
maillog_file_prefixes = ${folder}
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = ${hostname}
mydestination =
alias_maps =
mynetworks = 127.0.0.0/8
virtual_mailbox_domains = ${domains.join(" ")}
virtual_mailbox_base = ${folder}/mail
virtual_mailbox_maps = inline:{ ${domains.map((domain) => `{you@${domain}=you/}`).join(" ")} }
virtual_uid_maps = static:65534
virtual_gid_maps = static:65534
virtual_minimum_uid = 1
smtpd_tls_cert_file = ${folder}/etc/cert.pem
smtpd_tls_key_file = ${folder}/etc/key.pem
smtpd_tls_security_level = may
smtpd_tls_received_header = yes
transport_maps = inline:{ ${
    relay.domains.map((domain) => `{${domain}=smtp:[127.0.0.1]:${relay.port}}`).join(" ")
  } }
smtp_tls_security_level = verify
smtp_tls_CAfile = ${relay.trusted}
smtp_tls_verify_cert_match = ${relay.name}
smtp_tls_loglevel = 1
`;

export class Postfix {
  readonly port: number;
  readonly #folder: string;

  private constructor(folder: string, port: number) {
    this.#folder = folder;
    this.port = port;
  }

  /** Starts one; resolves when it takes mail. */
  static async start(port: number, settings: PostfixSettings): Promise<Postfix> {
    // Its programs run as others, and have sockets in it: TMPDIR may be root's alone, or long.
    const folder = await Deno.makeTempDir({ dir: "/tmp", prefix: "mailden-postfix-" });
    await Deno.chmod(folder, 0o755);
    const postfix = new Postfix(folder, port);
    for (const name of ["etc", "spool", "data", "mail"]) await Deno.mkdir(join(folder, name));
    await run("chown", ["postfix", join(folder, "data")]);
    await run("chown", ["65534", join(folder, "mail")]);
    await Deno.copyFile(settings.relay.trusted, join(folder, "etc", "trusted.pem"));
    const relay = { ...settings.relay, trusted: join(folder, "etc", "trusted.pem") };
    const files = {
      "cert.pem": settings.certificate.chainPem,
      "key.pem": settings.certificate.keyPem,
      "main.cf": configuration(folder, { ...settings, relay }),
      "master.cf": services(port),
    };
    for (const [name, text] of Object.entries(files)) {
      await Deno.writeTextFile(join(folder, "etc", name), text, { mode: 0o644 });
    }
    try {
      const started = await postfix.#command("start");
      if (started.code !== 0) throw new Error(`postfix start: ${started.stderr}${await postfix.log()}`);
      await postfix.#listening();
      return postfix;
    } catch (error) {
      await postfix.stop();
      throw error;
    }
  }

  /** What it has logged so far. */
  async log(): Promise<string> {
    return await Deno.readTextFile(join(this.#folder, "log")).catch(() => "");
  }

  /** The messages in the mailbox. */
  async mailbox(): Promise<string[]> {
    const folder = join(this.#folder, "mail", "you", "new");
    const names = await Array.fromAsync(Deno.readDir(folder)).catch(() => []);
    return await Promise.all(names.map(({ name }) => Deno.readTextFile(join(folder, name))));
  }

  /** A connection to it, after EHLO. */
  async connect(): Promise<LineClient> {
    const client = await LineClient.connect(this.port);
    await smtp(client, null);
    await smtp(client, "EHLO here.example");
    return client;
  }

  /** Waits until something is so; fails with what Postfix has logged. */
  async until<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
    for (let i = 0; i < tries; i++) {
      const found = await look();
      if (found !== undefined) return found;
      await new Promise((resolve) => systemClock.after(lookMs, () => resolve(null)));
    }
    throw new Error(`${what} did not come; Postfix says\n${await this.log()}`);
  }

  async stop(): Promise<void> {
    await this.#command("stop");
    await Deno.remove(this.#folder, { recursive: true });
  }

  #command(word: string) {
    return run("/usr/sbin/postfix", ["-c", join(this.#folder, "etc"), word]);
  }

  async #listening(): Promise<void> {
    await this.until("its port", async () => {
      try {
        (await Deno.connect({ hostname: "127.0.0.1", port: this.port })).close();
        return true;
      } catch {
        return undefined;
      }
    });
  }
}

/** A port for it, which others have to be told of before it starts. */
export function postfixPort(): number {
  return freePorts(1)[0] ?? 0;
}
