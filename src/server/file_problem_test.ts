import assert from "node:assert/strict";
import { fileProblem } from "./file_problem.ts";

const cases: [title: string, use: (folder: string) => unknown, said: string][] = [
  [
    "a file that is not there",
    (folder) => Deno.readTextFileSync(`${folder}/none`),
    "there is no such file or folder",
  ],
  [
    "a file below a file",
    (folder) => Deno.readTextFileSync(`${folder}/file/x`),
    "what should be a folder on the way there is a file",
  ],
  ["a folder", (folder) => Deno.readTextFileSync(folder), "it is a folder"],
  ["a name that is there already", (folder) => Deno.mkdirSync(`${folder}/file`), "File exists"],
  ["what is no error of a file", () => {
    throw new TypeError("nothing");
  }, "nothing"],
];
for (const [title, use, said] of cases) {
  Deno.test(`fileProblem() says what is wrong with ${title}`, () => {
    const folder = Deno.makeTempDirSync();
    Deno.writeTextFileSync(`${folder}/file`, "");
    try {
      assert.throws(() => use(folder), (error) => fileProblem(error) === said);
    } finally {
      Deno.removeSync(folder, { recursive: true });
    }
  });
}
