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
