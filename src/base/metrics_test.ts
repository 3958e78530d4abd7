import assert from "node:assert/strict";
import { Metrics } from "./metrics.ts";

Deno.test("counters, gauges and histograms print as Prometheus reads them", () => {
  const metrics = new Metrics();
  const counter = metrics.counter("m_total", "Things.\nMany.", [{ result: "ok" }]);
  counter.add({ result: 'b"a\\d\n' }, 2);
  metrics.gauge("g", "Level.").set(1.5);
  const histogram = metrics.histogram("h", "Times.", [.1, 1]);
  for (const seconds of [.05, .1, .5, 3]) histogram.observe(seconds);
  assert.equal(
    metrics.text(),
    `# HELP m_total Things.\\nMany.
# TYPE m_total counter
m_total{result="ok"} 0
m_total{result="b\\"a\\\\d\\n"} 2
# HELP g Level.
# TYPE g gauge
g 1.5
# HELP h Times.
# TYPE h histogram
h_bucket{le="0.1"} 2
h_bucket{le="1"} 3
h_bucket{le="+Inf"} 4
h_sum 3.65
h_count 4
`,
  );
});

Deno.test("a label with endless values costs a bounded number of series", () => {
  const metrics = new Metrics();
  const counter = metrics.counter("m_total", "Things.");
  for (let i = 0; i < 5000; i++) counter.add({ name: String(i) });
  const lines = metrics.text().trim().split("\n");
  assert.equal(lines.length, 2 + 1001);
  assert.equal(lines.at(-1), 'm_total{name="other"} 4000');
});

Deno.test("one name is one kind of metric", () => {
  const metrics = new Metrics();
  metrics.counter("m", "Things.");
  assert.throws(() => metrics.gauge("m", "Things."), TypeError);
});

Deno.test("what is looked up is looked up before the text is made", () => {
  const metrics = new Metrics();
  const gauge = metrics.gauge("g", "Level.");
  metrics.beforeText(() => gauge.set(7));
  assert.match(metrics.text(), /^g 7$/m);
});
