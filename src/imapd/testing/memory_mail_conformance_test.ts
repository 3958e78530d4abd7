/**
 * The twin does what the store does: both pass the conformance tests of `Mail`.
 *
 * @module
 */
import { testMail } from "../../accounts/testing/mail_conformance.ts";
import { MemoryMail } from "./memory_mail.ts";

testMail("MemoryMail", () => {
  const mail = new MemoryMail({ now: () => Date.now() });
  return {
    mail,
    deliver: (mailbox, { content, index }, prefix) =>
      Promise.resolve(mail.deliver(mailbox, content, index, prefix)),
    close: () => Promise.resolve(),
  };
});
