"""A tour of the server with Python's own clients; any difference from what is expected ends it.

Arguments: port of submission, port of IMAP, port of IMAPS, file of the certificate.
"""
import email
import email.message
import email.policy
import hashlib
import imaplib
import re
import smtplib
import ssl
import sys
import time

USER, PASSWORD = "mailden@localhost", "maildenmailden"
submission, imap, imaps = (int(port) for port in sys.argv[1:4])
context = ssl.create_default_context(cafile=sys.argv[4])


def ok(answer):
    """The data of an answer that must be OK."""
    assert answer[0] == "OK", answer
    return answer[1]


def refused(call, *args):
    """The text of an answer that must be NO or BAD."""
    try:
        kind, data = call(*args)
    except imaplib.IMAP4.error as error:
        return str(error)
    assert kind in ("NO", "BAD"), (kind, data)
    return data[0].decode()


def equal(got, wanted):
    assert got == wanted, f"got {got!r}, wanted {wanted!r}"[:1000]


def send():
    """One message in each way that smtplib knows to sign in, and one with everything in it."""
    for mechanism in ("PLAIN", "LOGIN", "CRAM-MD5"):
        with smtplib.SMTP("localhost", submission) as s:
            s.starttls(context=context)
            s.ehlo()
            s.user, s.password = USER, PASSWORD
            name = "auth_" + mechanism.lower().replace("-", "_")
            equal(s.auth(mechanism, getattr(s, name))[0], 235)
            text = f"From: {USER}\r\nSubject: by {mechanism}\r\n\r\n.dot\r\n"
            equal(s.sendmail(USER, ["a@localhost"], text), {})
    message = email.message.EmailMessage(policy=email.policy.SMTP)
    message["From"], message["To"] = USER, "zoë@localhost"
    message["Subject"] = "Ünïcode " * 20
    message.set_content("Grüße\n" * 1000)
    message.add_attachment(bytes(range(256)) * 400, maintype="application", subtype="octet-stream", filename="ä b.bin")
    with smtplib.SMTP("localhost", submission) as s:
        s.starttls(context=context)
        s.login(USER, PASSWORD)
        assert s.has_extn("smtputf8") and s.has_extn("8bitmime") and s.has_extn("size"), s.esmtp_features
        equal(s.send_message(message, USER, ["zoë@localhost"]), {})
        equal(s.noop()[0], 250)
        s.mail(USER)
        equal(s.rcpt("rcpttopermerror@localhost")[0], 550)
        equal(s.rcpt("rcpttotemperror@localhost")[0], 451)
        equal(s.rset()[0], 250)
        try:
            s.sendmail(USER, ["permerror@localhost"], "Subject: no\r\n\r\n")
            raise AssertionError("a message to permerror@ was taken")
        except smtplib.SMTPResponseException as error:
            equal(error.smtp_code, 550)
    return message


def sign_in():
    """In each way; wrong passwords are refused, and the connection goes on."""
    with imaplib.IMAP4("localhost", imap) as m:
        assert "STARTTLS" in m.capabilities, m.capabilities
        m.starttls(context)
        assert "STARTTLS" not in m.capabilities, m.capabilities
        assert "AUTHENTICATIONFAILED" in refused(m.login, USER, "guess")
        ok(m.login_cram_md5(USER, PASSWORD))
        equal(m.state, "AUTH")
    with imaplib.IMAP4_SSL("localhost", imaps, ssl_context=context) as m:
        ok(m.authenticate("PLAIN", lambda _: f"\0{USER}\0{PASSWORD}".encode()))


def mailboxes(m):
    ok(m.namespace())
    for name in ("Work", "Work/2026", '"with space"'):
        ok(m.create(name))
    assert "ALREADYEXISTS" in refused(m.create, "Work")
    ok(m.unsubscribe("Work"))
    names = [line.decode().split('"/" ')[1] for line in ok(m.list('""', "Work*"))]
    equal(sorted(names), ["Work", "Work/2026"])
    equal([line.split(b'"/" ')[1] for line in ok(m.lsub('""', "Work*"))], [b"Work/2026"])
    ok(m.rename("Work/2026", "Work/2027"))
    assert "NONEXISTENT" in refused(m.select, "Work/2026")
    ok(m.delete('"with space"'))
    equal(ok(m.list('""', '"with space"')), [None])
    equal(ok(m.status("Work/2027", "(MESSAGES UIDNEXT UNSEEN)")), [b"Work/2027 (MESSAGES 0 UIDNEXT 1 UNSEEN 0)"])


def read(m, sent):
    """What was sent is there, and every way to read it gives the same bytes."""
    equal(ok(m.select("INBOX")), [b"4"])
    equal(ok(m.search(None, "SUBJECT", '"by CRAM-MD5"')), [b"3"])
    m.literal = "grüße".encode()
    equal(ok(m.search("UTF-8", "TEXT")), [b"4"])
    whole = ok(m.fetch("4", "(BODY.PEEK[])"))[0][1]
    size = int(re.search(rb"RFC822.SIZE (\d+)", ok(m.fetch("4", "(RFC822.SIZE)"))[0]).group(1))
    equal(len(whole), size)
    parsed = email.message_from_bytes(whole, policy=email.policy.default)
    equal(str(parsed["Subject"]).strip(), str(sent["Subject"]).strip())
    equal(parsed.get_body().get_content().splitlines(), ["Grüße"] * 1000)
    attached = next(parsed.iter_attachments())
    equal((attached.get_filename(), hashlib.sha256(attached.get_content()).digest()),
          ("ä b.bin", hashlib.sha256(bytes(range(256)) * 400).digest()))
    header = ok(m.fetch("4", "(BODY.PEEK[HEADER])"))[0][1]
    body = ok(m.fetch("4", "(BODY.PEEK[TEXT])"))[0][1]
    equal(header + body, whole)
    pieces = [ok(m.fetch("4", f"(BODY.PEEK[]<{at}.10000>)"))[0][1] for at in range(0, size, 10000)]
    equal(b"".join(pieces), whole)
    assert b'"application" "octet-stream"' in b" ".join(
        part if isinstance(part, bytes) else part[0] for part in ok(m.fetch("4", "(BODYSTRUCTURE)"))).lower()
    equal(ok(m.fetch("1", "(BODY[TEXT])"))[0][1], b".dot\r\n")
    equal(ok(m.search(None, "SEEN")), [b"1"])  # BODY[] sets the flag, BODY.PEEK[] does not.


def change(m):
    """Flags, copies, expunges: and what the server tells of them."""
    equal(ok(m.store("2:3", "+FLAGS", r"(\Flagged Later)"))[0].count(b"\\Flagged"), 1)
    equal(ok(m.search(None, "KEYWORD", "LATER", "FLAGGED")), [b"2 3"])
    ok(m.store("3", "-FLAGS", r"(\Flagged)"))
    equal(ok(m.search(None, "FLAGGED")), [b"2"])
    ok(m.copy("1:2", "Work/2027"))
    assert "TRYCREATE" in refused(m.copy, "1", "Nowhere")
    ok(m.uid("MOVE", "3", "Work/2027"))
    equal(m.response("EXPUNGE")[1], [b"3"])
    equal(ok(m.uid("SEARCH", "ALL")), [b"1 2 4"])
    ok(m.store("1,3", "+FLAGS.SILENT", r"(\Deleted)"))
    ok(m.uid("EXPUNGE", "4"))
    equal(m.response("EXPUNGE")[1], [b"3"])
    equal(ok(m.expunge()), [b"1"])
    equal(ok(m.uid("SEARCH", "ALL")), [b"2"])
    equal(ok(m.select("Work/2027", readonly=True)), [b"3"])
    assert refused(m.uid, "STORE", "1", "FLAGS", r"(\Seen)")
    flags = b" ".join(ok(m.fetch("1:*", "(FLAGS)"))).lower()
    equal((flags.count(b"\\seen"), flags.count(b"\\flagged"), flags.count(b"later")), (1, 1, 2))


def append(m):
    when = '"01-Feb-2024 03:04:05 +0100"'
    answer = ok(m.append("Drafts", r"(\Draft \Seen)", when, b"Subject: draft\r\n\r\nhalf a thought\r\n"))[0]
    assert re.search(rb"APPENDUID \d+ 1\b", answer), answer
    assert "TRYCREATE" in refused(m.append, "Nowhere", None, None, b"Subject: x\r\n\r\n")
    ok(m.select("Drafts"))
    got = ok(m.fetch("1", "(INTERNALDATE FLAGS)"))[0]
    assert rb"\Draft" in got and rb"\Seen" in got, got
    equal(time.mktime(imaplib.Internaldate2tuple(got)), 1706753045.0)
    large = b"Subject: large\r\n\r\n" + b"x" * 76 + b"\r\n" * 20000
    ok(m.append("Drafts", None, None, large))
    ok(m.noop())
    equal(ok(m.fetch("2", "(BODY.PEEK[])"))[0][1], large)
    ok(m.check())
    ok(m.store("1", "+FLAGS", r"(\Deleted)"))
    ok(m.unselect())
    equal(ok(m.select("Drafts")), [b"2"])  # UNSELECT removes nothing, CLOSE does.
    ok(m.close())
    equal(ok(m.select("Drafts")), [b"1"])


message = send()
sign_in()
with imaplib.IMAP4_SSL("localhost", imaps, ssl_context=context) as client:
    ok(client.login(USER, PASSWORD))
    mailboxes(client)
    read(client, message)
    change(client)
    append(client)
    ok(client.unselect())
    ok(client.enable("UTF8=ACCEPT"))
    ok(client.create('"Grüße"'))
    assert any("Grüße".encode() in line for line in ok(client.list('""', "*")))
    equal(client.logout()[0], "BYE")
print("good")
