import { comparesOrders } from "../../accounts/testing/conformance_sort.ts";
import { storeUnderTest } from "../../accounts/testing/store_under_test.ts";
import { MemoryMail } from "./memory_mail.ts";

Deno.test("the store sorts and threads random mail as the naive twin does", async () => {
  const { mail, close } = await storeUnderTest();
  try {
    await comparesOrders(mail, new MemoryMail({ now: () => Date.now() }));
  } finally {
    await close();
  }
});
