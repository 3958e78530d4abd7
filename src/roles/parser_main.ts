/**
 * The entry of the parser: makes text for search of what strangers sent. Started by the supervisor with the grant `parser`,
 * which grants nothing: all that it has is its standard input and output, and it may be killed at any time.
 *
 * Tested by `tests/scenarios/parser_test.ts`.
 *
 * @module
 */
import { searchedText } from "../accounts/searched_text.ts";
import { decode, encode } from "../rpc/codec.ts";
import { frameOf, FrameReader } from "../rpc/frame_reader.ts";
import type { SearchedText, TextSource } from "../store/text_source.ts";
import { readBoot } from "./boot.ts";
import { headOf, maxParserRequest, numberOf, requestHead } from "./parser_frames.ts";
import { sayReady } from "./role_log.ts";

/** The texts of some messages, encoded; null for what cannot be made text of, or of which the text is too large. */
function answer(request: Uint8Array): Uint8Array {
  // The store wrote it, with the types that are meant; where that is not so, this process ends and the message is marked.
  const sources = decode(request.subarray(requestHead)) as TextSource[];
  const texts = sources.map(searchedText);
  try {
    return encode(texts);
  } catch {
    return encode(texts.map((text): SearchedText | null => texts.length === 1 ? null : text));
  }
}

if (import.meta.main) {
  const output = Deno.stdout.writable.getWriter();
  const reader = new FrameReader(maxParserRequest + requestHead);
  const { stop } = await readBoot<unknown>(
    Deno.stdin.readable,
    (bytes) =>
      reader.push(bytes, (frame) => void output.write(frameOf(headOf(numberOf(frame)), answer(frame)))),
  );
  sayReady();
  await stop;
  Deno.exit(0);
}
