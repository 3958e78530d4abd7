/**
 * `dkim sign`: a message with a signature.
 *
 * Tested by `tests/scenarios/dns_commands_test.ts`.
 *
 * @module
 */
import { fromLatin1, utf8 } from "../../base/bytes.ts";
import { bodyHasherFor, type Signer, signMessage } from "../../dkim/sign.ts";
import type { Command } from "../command.ts";
import { CommandError } from "../command_error.ts";
import { readMessageFile } from "../message_file.ts";
import { readKey, selectorAndDomain } from "./key_file.ts";

export const command: Command = {
  words: "dkim sign",
  arguments: "SELECTOR DOMAIN KEYFILE FILE|-",
  count: 4,
  summary: "sign a message with DKIM",
  help: `
Reads a message from a file, or standard input for -, and prints the DKIM-Signature field that belongs in front of it, made
with a private key as the server makes it for what its users send. Its lines end as the message's first line does.`,
  options: {},
  async run(args, output, { write }) {
    const [selectorText = "", domainText = "", keyFile = "", file = ""] = args.positionals;
    const [selector, domain] = selectorAndDomain(selectorText, domainText);
    const key = await readKey(keyFile);
    const { message, lineEnd } = await readMessageFile(file);
    const end = fromLatin1(message).indexOf("\r\n\r\n");
    const bodyStart = end === -1 ? message.length : end + 4;
    const signers: Signer[] = [
      { selector, domain, key, headerCanonicalization: "relaxed", bodyCanonicalization: "relaxed" },
    ];
    const body = bodyHasherFor(signers);
    body.write(message.subarray(bodyStart));
    body.finish();
    try {
      const [field = ""] = signMessage({
        header: message.subarray(0, bodyStart),
        body,
        signers,
        now: Date.now(),
      });
      if (write === null) output.out(field.trimEnd());
      else await write(utf8(field.replaceAll("\r\n", lineEnd)));
    } catch (error) {
      if (error instanceof SyntaxError) throw new CommandError(`${file}: ${error.message}`);
      throw error;
    }
    return 0;
  },
};
