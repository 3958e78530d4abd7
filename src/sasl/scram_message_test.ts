import assert from "node:assert/strict";
import { latin1, utf8 } from "../base/bytes.ts";
import { maxNonceLength, parseClientFirst } from "./scram_message.ts";

type Read = { channelBinding: string; authzid: string; username: string; nonce: string };

const accepted: [message: string, read: Read][] = [
  ["n,,n=user,r=abc", { channelBinding: "n", authzid: "", username: "user", nonce: "abc" }],
  ["y,,n=user,r=abc", { channelBinding: "y", authzid: "", username: "user", nonce: "abc" }],
  ["p=tls-unique,,n=u,r=a", { channelBinding: "p", authzid: "", username: "u", nonce: "a" }],
  ["n,a=other,n=user,r=abc", { channelBinding: "n", authzid: "other", username: "user", nonce: "abc" }],
  ["n,a=a=2Cb,n=x=3D=2Cy,r=a", { channelBinding: "n", authzid: "a,b", username: "x=,y", nonce: "a" }],
  ["n,,n==3D2C,r=a", { channelBinding: "n", authzid: "", username: "=2C", nonce: "a" }],
  ["n,,n=é,r=!~,x=ext,y=more", { channelBinding: "n", authzid: "", username: "é", nonce: "!~" }],
];
for (const [message, read] of accepted) {
  Deno.test(`parseClientFirst() reads ${message}`, () => {
    const { gs2Header, bare, ...rest } = parseClientFirst(utf8(message)) ?? {};
    assert.deepEqual(rest, read);
    assert.equal(`${gs2Header}${bare}`, message);
  });
}

const refused: [what: string, message: Uint8Array][] = [
  ["nothing", utf8("")],
  ["no header", utf8("n=user,r=abc")],
  ["another flag", utf8("x,,n=user,r=abc")],
  ["the flag p without a name", utf8("p=,,n=user,r=abc")],
  ["the non-standard flag", utf8("F,n,,n=user,r=abc")],
  ["an empty identity", utf8("n,a=,n=user,r=abc")],
  ["a mandatory extension", utf8("n,,m=1,n=user,r=abc")],
  ["a mandatory extension behind", utf8("n,,n=user,r=abc,m=1")],
  ["no name", utf8("n,,r=abc")],
  ["an empty name", utf8("n,,n=,r=abc")],
  ["a bare =", utf8("n,,n=a=b,r=abc")],
  ["a lower-case escape", utf8("n,,n=a=2cb,r=abc")],
  ["a NUL", utf8("n,,n=a\0b,r=abc")],
  ["no nonce", utf8("n,,n=user")],
  ["an empty nonce", utf8("n,,n=user,r=")],
  ["a nonce with a space", utf8("n,,n=user,r=a b")],
  ["a nonce in other letters", utf8("n,,n=user,r=é")],
  ["a very long nonce", utf8(`n,,n=user,r=${"a".repeat(maxNonceLength + 1)}`)],
  ["an extension without a value", utf8("n,,n=user,r=abc,x=")],
  ["an empty extension", utf8("n,,n=user,r=abc,")],
  ["no UTF-8", latin1("n,,n=\xe4,r=abc")],
  ["a very long name", utf8(`n,,n=${"a".repeat(5000)},r=abc`)],
];
for (const [what, message] of refused) {
  Deno.test(`parseClientFirst() refuses ${what}`, () => assert.equal(parseClientFirst(message), null));
}
