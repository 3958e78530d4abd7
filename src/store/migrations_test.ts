import assert from "node:assert/strict";
import { Connection } from "./connection.ts";
import { migrate, schemaVersion, versionOf, WrongDatabase } from "./migrations.ts";

function withConnection(test: (connection: Connection) => void): void {
  const connection = new Connection(":memory:");
  try {
    test(connection);
  } finally {
    connection.close();
  }
}

Deno.test("an empty database becomes the newest, once", () =>
  withConnection((connection) => {
    assert.equal(versionOf(connection), 0);
    migrate(connection, 12345);
    assert.equal(versionOf(connection), schemaVersion);
    migrate(connection, 99999);
    assert.equal(connection.rows("select value from meta where name = 'created'")[0]?.["value"], 12345);
  }));

Deno.test("a database newer than the program is refused in plain words", () =>
  withConnection((connection) => {
    migrate(connection, 0);
    connection.rows("update meta set value = ? where name = 'schema'", schemaVersion + 1);
    assert.throws(
      () => migrate(connection, 0),
      (error) => error instanceof WrongDatabase && error.message.includes(`schema ${schemaVersion + 1}`),
    );
  }));

Deno.test("a database from before the first release is refused with a remedy, and left alone", () =>
  withConnection((connection) => {
    migrate(connection, 0);
    connection.rows("update meta set value = 1 where name = 'schema'");
    assert.throws(() => migrate(connection, 0), /WrongDatabase: .*move its folder away/);
    assert.equal(versionOf(connection), 1);
  }));

Deno.test("a database that is not ours is refused and left alone", () =>
  withConnection((connection) => {
    connection.script("create table something(else_)");
    assert.throws(() => migrate(connection, 0), WrongDatabase);
    assert.equal(connection.rows("select name from sqlite_master where type = 'table'").length, 1);
  }));

/** What an email of schema 2 was, as far as it matters here. */
const oldEmail = {
  sent: 12345,
  message_id: "1@x",
  base_subject: "café",
  subject: "Re: Café",
  from_text: "Jörg <joerg@example.org>",
  to_text: "bob@example.org",
  cc_text: "",
  bcc_text: "",
  refs: "0@x 00@x",
  envelope: `(NIL "Re: =?utf-8?q?Caf=C3=A9?=" (("=?utf-8?q?J=C3=B6rg?=" NIL "joerg" "example.org")) ` +
    `NIL NIL ((NIL NIL "bob" "example.org")) NIL NIL NIL NIL)`,
};

/** A data folder as the first release left it: one account, one message in its inbox. */
function fillOld(connection: Connection, email: typeof oldEmail): void {
  migrate(connection, 0, 2);
  assert.equal(versionOf(connection), 2);
  connection.script(`
    insert into accounts values (1, 'A1', 'ann', 5, 1, 14, null, null, 0);
    insert into mailboxes values (1, 1, 'M1', 'Inbox', '', 1, 2, 5, 1, 0, 1, 1, 1, 0, 14, 0);
    insert into bodies values (1, 10, 'c775e7b757ede630cd0aa1113bd102661ab38829ca52a6422ab782862f268646', 0, x'', '1234567890');
    insert into messages values (1, 1, 1, 9, 5, 5, 0, '', 14, 777, 778, 0);
  `);
  connection.rows("update bodies set bytes = cast(bytes as blob)");
  connection.rows(
    `insert into emails(id, account_id, object_id, thread_id, thread_object_id, body_id, body_shared, copies, size,
       original_mailbox_id, received, sent, message_id_hash, missing_parent_hash, base_subject_hash, traits,
       parse_version, message_id, base_subject, from_address, subject, from_text, to_text, cc_text, bcc_text, preview,
       prefix, envelope, body, body_structure, parts, refs, problems, evidence)
     values (9, 1, 'E1', null, 'T1', 1, 0, 1, 14, 1, 777, ?, 1234, 5, 6, 1, 1, ?, ?, 'joerg@example.org', ?, ?, ?, ?, ?,
       'pre', cast('X: y' as blob), cast(? as blob), x'01', x'02', x'03', ?, 'odd', x'04')`,
    email.sent,
    email.message_id,
    email.base_subject,
    email.subject,
    email.from_text,
    email.to_text,
    email.cc_text,
    email.bcc_text,
    email.envelope,
    email.refs,
  );
}

Deno.test("from schema 2 to 3, an email's fields move and are folded, and the rest stays as it was", () =>
  withConnection((connection) => {
    fillOld(connection, oldEmail);
    const before = connection.rows("select * from emails")[0];
    migrate(connection, 0, 3);
    assert.equal(versionOf(connection), 3);
    const [email] = connection.rows("select * from emails");
    const moved = [
      "sent",
      "message_id",
      "base_subject_hash",
      "subject",
      "from_text",
      "to_text",
      "cc_text",
      "bcc_text",
      "refs",
    ];
    const stayed = Object.entries({ ...before }).filter(([name]) => !moved.includes(name));
    assert.deepEqual({ ...email }, Object.fromEntries(stayed));
    assert.deepEqual(connection.rows("select * from email_fields").map((row) => ({ ...row })), [{
      account_id: 1,
      email_id: 9,
      sent: 12345,
      base_subject_hash: 6,
      is_reply: 1,
      subject: "RE: CAFE\u0301",
      from_text: "JO\u0308RG <JOERG@EXAMPLE.ORG>",
      to_text: "BOB@EXAMPLE.ORG",
      cc_text: "",
      bcc_text: "",
      sort_subject: "CAFE\u0301",
      sort_from: "JOERG",
      sort_to: "BOB",
      sort_cc: "",
      display_from: "JO\u0308RG",
      display_to: "BOB@EXAMPLE.ORG",
      message_id: "1@x",
      refs: "0@x 00@x",
    }]);
    const indexes = connection.rows(
      "select name from sqlite_master where tbl_name = 'emails' and type = 'index'",
    );
    assert.deepEqual(indexes.map((row) => row["name"]).sort(), [
      "emails_by_missing_parent",
      "emails_by_shared_body",
    ]);
    assert.deepEqual(connection.rows("PRAGMA integrity_check")[0]?.["integrity_check"], "ok");
  }));

Deno.test("a step that fails leaves the older schema and its data", () =>
  withConnection((connection) => {
    fillOld(connection, oldEmail);
    connection.script("create table emails_kept(in_the_way)");
    assert.throws(() => migrate(connection, 0), /emails_kept/);
    assert.equal(versionOf(connection), 2);
    assert.equal(connection.rows("select subject from emails")[0]?.["subject"], oldEmail.subject);
    assert.equal(connection.rows("select name from sqlite_master where name = 'email_fields'").length, 0);
  }));

Deno.test("from schema 3 to 4, emails gain a common header, which old ones do not have", () =>
  withConnection((connection) => {
    migrate(connection, 12345, 3);
    migrate(connection, 99999, 4);
    assert.equal(versionOf(connection), 4);
    const columns = connection.rows("select name from pragma_table_info('emails')").map((row) => row["name"]);
    assert.ok(columns.includes("common_header"));
    assert.equal(connection.rows("select value from meta where name = 'created'")[0]?.["value"], 12345);
  }));

Deno.test("from schema 4 to 5, an account counts its messages and makes room for the mailboxes of others", () =>
  withConnection((connection) => {
    migrate(connection, 0, 4);
    connection.script(
      "insert into accounts(id, object_id, name, modseq, uid_validity, bytes, created) values (1, 'a', 'ann', 5, 9, 30, 0), (2, 'b', 'bob', 1, 1, 0, 0)",
    );
    const names = ["Inbox", "Other Users", "Other Users/x", "Other Users0", "other users/x"];
    for (const [i, name] of names.entries()) {
      connection.rows(
        "insert into mailboxes(account_id, object_id, name, special_use, uid_validity, uid_next, highest_modseq, createseq, " +
          "history_from, recent_uid, messages, unseen, deleted, bytes, deleted_bytes) " +
          "values (1, ?, ?, '', ?, 1, 1, 1, 0, 1, ?, 0, 0, 0, 0)",
        `m${i}`,
        name,
        i,
        i,
      );
      connection.rows("insert into subscriptions values (1, ?)", name);
    }
    migrate(connection, 0);
    assert.equal(versionOf(connection), schemaVersion);
    const accounts = connection.rows("select messages, max_messages from accounts order by id");
    assert.deepEqual(accounts.map(({ messages, max_messages }) => [messages, max_messages]), [[10, null], [
      0,
      null,
    ]]);
    for (const table of ["mailboxes", "subscriptions"]) {
      const kept = connection.rows(`select name from ${table} order by name`).map(({ name }) => name);
      assert.deepEqual(kept, [
        "Inbox",
        "Other Users0",
        "Own Other Users",
        "Own Other Users/x",
        "other users/x",
      ]);
    }
  }));

Deno.test("from schema 6 to 7, the queue is found by time, and what waits stays as it was", () =>
  withConnection((connection) => {
    fillOld(connection, oldEmail);
    migrate(connection, 0, 6);
    for (const due of [30, 10, 20]) {
      connection.rows(
        `insert into queue(account_id, base_id, body_id, size, sender, recipient, domain, submitted, due, attempts,
           max_attempts, last_attempt, hold, traits, transport, subject, from_id, dsn, release, dialed, results, prefix)
         values (1, 1, 1, 10, 'a@x', 'b@y', 'y', 5, ?, 0, 8, 0, 0, 0, '', 's', '', '', '', '[]', '[]', x'')`,
        due,
      );
    }
    connection.rows("insert into recipients(account_id, address, sent) values (1, 'b@y', 5)");
    const before = connection.rows("select * from queue").map((row) => ({ ...row }));
    migrate(connection, 0, 7);
    assert.equal(versionOf(connection), 7);
    assert.deepEqual(connection.rows("select * from queue").map((row) => ({ ...row })), before);
    const byTime = "select due from queue where due > 5 order by due limit 2";
    assert.deepEqual(connection.rows(byTime).map(({ due }) => due), [10, 20]);
    assert.match(String(connection.rows(`explain query plan ${byTime}`)[0]?.["detail"]), /queue_by_due/);
    assert.deepEqual({ ...connection.rows("select address, first from recipients")[0] }, {
      address: "b@y",
      first: 0,
    });
    for (const table of ["delivery_failures", "tls_results"]) {
      assert.equal(connection.rows(`select count(*) as n from ${table}`)[0]?.["n"], 0);
    }
    assert.equal(connection.rows("PRAGMA integrity_check")[0]?.["integrity_check"], "ok");
  }));
