import assert from "node:assert/strict";
import { utf8 } from "../../../src/base/bytes.ts";
import { type Operation, operationsOf } from "./operations.ts";
import { parseTrace } from "./strace.ts";

/** As strace writes it: strings between quotes, and paths between angle brackets, in hex. */
function hexed(text: string): string {
  const hex = (octets: string) =>
    [...utf8(octets)].map((octet) => `\\x${octet.toString(16).padStart(2, "0")}`).join("");
  return text.replace(/"([^"]*)"/g, (_all, inner) => `"${hex(inner)}"`)
    .replace(/<(\/[^>]*)>/g, (_all, inner) => `<${hex(inner)}>`);
}

function read(...lines: string[]): Operation[] {
  return [...operationsOf(parseTrace(utf8(lines.map((line) => `${hexed(line)}\n`).join(""))), "/d")];
}

const opened = (handle: number, path: string, creates = true): Operation => ({
  kind: "open",
  handle,
  path,
  creates,
  truncates: false,
});
const written = (handle: number, offset: number, text: string): Operation => ({
  kind: "write",
  handle,
  offset,
  bytes: utf8(text),
});

const traces: [what: string, lines: string[], operations: Operation[]][] = [
  [
    "a file that is written, synced, and moved",
    [
      `17 mkdir("/d/spool", 0700) = 0`,
      `17 openat(AT_FDCWD</tmp>, "/d/spool/a", O_WRONLY|O_CREAT|O_EXCL|O_CLOEXEC, 0600) = 24</d/spool/a>`,
      `17 write(24</d/spool/a>, "one", 3) = 3`,
      `17 write(24</d/spool/a>, "two", 3) = 2`,
      `17 write(24</d/spool/a>, "o", 1) = 1`,
      `17 fdatasync(24</d/spool/a>)   = 0`,
      `17 close(24</d/spool/a>) = 0`,
      `17 rename("/d/spool/a", "/d/b") = 0`,
      `17 unlink("/d/b") = 0`,
    ],
    [
      { kind: "makeFolder", path: "/d/spool" },
      opened(1, "/d/spool/a"),
      written(1, 0, "one"),
      written(1, 3, "tw"),
      written(1, 5, "o"),
      { kind: "beginSync", handle: 1, sync: 1 },
      { kind: "endSync", handle: 1, sync: 1 },
      { kind: "rename", from: "/d/spool/a", to: "/d/b" },
      { kind: "remove", path: "/d/b" },
    ],
  ],
  [
    "writes where they are told, and a file that is cut",
    [
      `17 openat(AT_FDCWD</tmp>, "/d/a", O_RDWR|O_CREAT, 0600) = 5</d/a>`,
      `17 pwrite64(5</d/a>, "x, (y)", 6, 4096) = 6`,
      `17 ftruncate(5</d/a>, 100) = 0`,
    ],
    [opened(1, "/d/a"), written(1, 4096, "x, (y)"), { kind: "truncate", handle: 1, size: 100 }],
  ],
  [
    "a descriptor that is copied, with its position, and its number given away again",
    [
      `17 openat(AT_FDCWD</tmp>, "/d/a", O_WRONLY|O_CREAT, 0600) = 5</d/a>`,
      `17 fcntl(5</d/a>, F_DUPFD_CLOEXEC, 3) = 6</d/a>`,
      `18 write(6</d/a>, "1", 1) = 1`,
      `17 close(5</d/a>) = 0`,
      `17 openat(AT_FDCWD</tmp>, "/etc/hosts", O_RDONLY) = 5</etc/hosts>`,
      `18 write(6</d/a>, "2", 1) = 1`,
      `17 write(5</etc/hosts>, "3", 1) = 1`,
    ],
    [opened(1, "/d/a"), written(1, 0, "1"), written(1, 1, "2")],
  ],
  [
    "a sync in two lines, whose descriptor was closed and given away between them",
    [
      `17 openat(AT_FDCWD</tmp>, "/d/a", O_WRONLY|O_CREAT, 0600) = 5</d/a>`,
      `18 fdatasync(5</d/a> <unfinished ...>`,
      `17 close(5</d/a>) = 0`,
      `17 openat(AT_FDCWD</tmp>, "/d/b", O_WRONLY|O_CREAT, 0600) = 5</d/b>`,
      `18 <... fdatasync resumed>) = 0`,
    ],
    [
      opened(1, "/d/a"),
      { kind: "beginSync", handle: 1, sync: 1 },
      opened(2, "/d/b"),
      { kind: "endSync", handle: 1, sync: 1 },
    ],
  ],
  [
    "nothing of what failed, of other files, or of threads that were killed",
    [
      `17 openat(AT_FDCWD</tmp>, "/d/none", O_RDONLY) = -1 ENOENT (No such file or directory)`,
      `17 mkdir("/e", 0700) = 0`,
      `17 unlink("/d/none") = -1 ENOENT (No such file or directory)`,
      `17 openat(AT_FDCWD</tmp>, "/d/a", O_WRONLY) = 5</d/a>`,
      `17 fdatasync(5</d/a> <unfinished ...>`,
      `17 <... fdatasync resumed>) = ?`,
      `17 +++ killed by SIGKILL +++`,
      `18 ???( <unfinished ...>`,
      `19 ???()                             = ?`,
      `18 <... ??? resumed>)                = ?`,
      `18 unlink("/d/a" <detached ...>`,
    ],
    [opened(1, "/d/a", false), { kind: "beginSync", handle: 1, sync: 1 }],
  ],
];
for (const [what, lines, operations] of traces) {
  Deno.test(`a trace shows ${what}`, () => assert.deepEqual(read(...lines), operations));
}

Deno.test("a trace shows what was said, in whole lines, also by a copy of the descriptor", () => {
  const line = (fd: number, text: string) =>
    `17 write(${fd}</pipe>, "${text.replaceAll("\n", "\u0001")}", 3) = ${text.length}`;
  // A line end in a string is hex, as all of it.
  const trace = [
    line(1, "on"),
    `17 fcntl(1</pipe>, F_DUPFD_CLOEXEC, 3) = 9</pipe>`,
    line(9, "e\ntwo\n"),
    line(9, "th"),
  ]
    .map((each) => hexed(each).replaceAll("\\x01", "\\x0a"));
  const said = [...operationsOf(parseTrace(utf8(trace.join("\n"))), "/d")];
  assert.deepEqual(said, [{ kind: "said", lines: ["one", "two"] }]);
});

const refused: [what: string, lines: string[]][] = [
  ["a string that was cut short", [
    `17 openat(AT_FDCWD</tmp>, "/d/a", O_WRONLY|O_CREAT, 0600) = 5</d/a>`,
    `17 write(5</d/a>, "one"..., 3) = 3`,
  ]],
  ["a file that was never opened", [`17 write(5</d/a>, "one", 3) = 3`]],
  ["a file that is mapped to be written", [
    `17 openat(AT_FDCWD</tmp>, "/d/a", O_RDWR) = 5</d/a>`,
    `17 mmap(NULL, 4096, PROT_READ|PROT_WRITE, MAP_SHARED, 5</d/a>, 0) = 0x7f06a4713000`,
  ]],
  ["a write that appends", [
    `17 openat(AT_FDCWD</tmp>, "/d/a", O_WRONLY|O_APPEND) = 5</d/a>`,
    `17 write(5</d/a>, "one", 3) = 3`,
  ]],
  ["a write whose position reading moves", [
    `17 openat(AT_FDCWD</tmp>, "/d/a", O_RDWR) = 5</d/a>`,
    `17 write(5</d/a>, "one", 3) = 3`,
  ]],
  ["a second name", [`17 link("/d/a", "/d/b") = 0`]],
  ["room that is asked for", [
    `17 openat(AT_FDCWD</tmp>, "/d/a", O_WRONLY) = 5</d/a>`,
    `17 fallocate(5</d/a>, 0, 0, 4096) = 0`,
  ]],
  ["a copy within the kernel", [
    `17 openat(AT_FDCWD</tmp>, "/d/a", O_WRONLY) = 5</d/a>`,
    `17 copy_file_range(5</d/a>, NULL, 6</d/b>, NULL, 1, 0) = 1`,
  ]],
  ["a file that leaves the folder", [`17 rename("/d/a", "/tmp/a") = 0`]],
  ["writes that nobody waits for", [`17 io_uring_enter(5</anon>, 1, 0, 0, NULL, 8) = 1`]],
  ["a call that ends and never began", [`17 <... fsync resumed>) = 0`]],
  ["a line that is none of strace's", [`17 hello`]],
];
for (const [what, lines] of refused) {
  Deno.test(`a trace is refused that shows ${what}`, () => {
    assert.throws(() => read(...lines), SyntaxError);
  });
}
