import assert from "node:assert/strict";
import { html } from "./html.ts";

Deno.test("html escapes what is put in, in text and attributes", () => {
  const hostile = `"><script>alert('&')</script>`;
  const made = html`<p title="${hostile}">${hostile}</p>`.text;
  assert.doesNotMatch(made, /<script|"">/);
  assert.equal(made.match(/&#60;script&#62;/g)?.length, 2);
});

Deno.test("html keeps HTML that it made itself", () => {
  assert.equal(
    html`<ul>${["a", "<b>"].map((each) => html`<li>${each}</li>`)}</ul>`.text,
    "<ul><li>a</li><li>&#60;b&#62;</li></ul>",
  );
  assert.equal(html`<p>${html`<b>${1}</b>`}</p>`.text, "<p><b>1</b></p>");
});
