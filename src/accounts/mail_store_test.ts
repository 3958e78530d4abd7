import { testMail } from "./testing/mail_conformance.ts";
import { storeUnderTest } from "./testing/store_under_test.ts";

testMail("StoreMail", () => storeUnderTest());
testMail("StoreMail with a parser", () => storeUnderTest({ texts: true }));
