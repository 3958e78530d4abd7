/**
 * Metrics: counters, gauges and histograms, and their text for Prometheus.
 *
 * Labels are fixed in number and small in values (a mechanism, a result), never an address or a name that a
 * stranger chose: each set of label values is a time series for ever.
 *
 * Source: Prometheus text exposition format 0.0.4.
 *
 * @module
 */

export type Labels = Readonly<Record<string, string>>;

/** Only goes up. */
export interface Counter {
  add(labels?: Labels, n?: number): void;
}

/** Goes up and down. */
export interface Gauge {
  set(value: number, labels?: Labels): void;
  add(n: number, labels?: Labels): void;
}

/** Counts observations (seconds, bytes) in buckets. */
export interface Histogram {
  observe(value: number, labels?: Labels): void;
}

/** Upper bounds, in seconds, for what is usually fast. */
export const fastBuckets: readonly number[] = [.001, .005, .01, .05, .1, .5, 1, 5, 10, 20];

/** The most series of one metric; what comes after is counted in one series with the label values `other`. */
const maxSeries = 1000;

interface Family {
  readonly type: "counter" | "gauge" | "histogram";
  readonly help: string;
  readonly series: Map<string, Series>;
}

interface Series {
  labels: Labels;
  value: number;
  buckets: number[] | null;
  count: number;
}

/** All metrics of one process. */
export class Metrics {
  readonly #families = new Map<string, Family>();
  readonly #bounds = new Map<string, readonly number[]>();
  readonly #readers: (() => void)[] = [];

  /** A counter; `preset` label sets are exported as 0 from the start, so that a rate can be seen at its first event. */
  counter(name: string, help: string, preset: readonly Labels[] = []): Counter {
    const family = this.#family(name, "counter", help);
    for (const labels of preset) one(family, labels, null);
    return { add: (labels = {}, n = 1) => void (one(family, labels, null).value += n) };
  }

  gauge(name: string, help: string): Gauge {
    const family = this.#family(name, "gauge", help);
    return {
      set: (value, labels = {}) => void (one(family, labels, null).value = value),
      add: (n, labels = {}) => void (one(family, labels, null).value += n),
    };
  }

  /** @param bounds Upper bounds of the buckets, ascending; +Inf is added. */
  histogram(name: string, help: string, bounds: readonly number[] = fastBuckets): Histogram {
    const family = this.#family(name, "histogram", help);
    this.#bounds.set(name, bounds);
    return {
      observe: (value, labels = {}) => {
        const series = one(family, labels, bounds);
        series.value += value;
        series.count++;
        const { buckets } = series;
        for (let at = 0; buckets !== null && at < bounds.length; at++) {
          if (value <= (bounds[at] ?? NaN)) {
            buckets[at] = (buckets[at] ?? 0) + 1;
            break;
          }
        }
      },
    };
  }

  /** `read` runs before each {@link text}, to set gauges that are looked up rather than kept. */
  beforeText(read: () => void): void {
    this.#readers.push(read);
  }

  /** The text that Prometheus reads; Content-Type `text/plain; version=0.0.4`. */
  text(): string {
    for (const read of this.#readers) read();
    let text = "";
    for (const [name, family] of this.#families) {
      text += `# HELP ${name} ${family.help.replaceAll("\\", "\\\\").replaceAll("\n", "\\n")}\n`;
      text += `# TYPE ${name} ${family.type}\n`;
      for (const series of family.series.values()) {
        if (series.buckets === null) text += `${name}${braces(series.labels)} ${series.value}\n`;
        else text += this.#histogramText(name, series);
      }
    }
    return text;
  }

  #histogramText(name: string, series: Series): string {
    let text = "";
    let sum = 0;
    for (const [i, bound] of (this.#bounds.get(name) ?? []).entries()) {
      sum += series.buckets?.[i] ?? 0;
      text += `${name}_bucket${braces({ ...series.labels, le: String(bound) })} ${sum}\n`;
    }
    text += `${name}_bucket${braces({ ...series.labels, le: "+Inf" })} ${series.count}\n`;
    text += `${name}_sum${braces(series.labels)} ${series.value}\n`;
    return text + `${name}_count${braces(series.labels)} ${series.count}\n`;
  }

  #family(name: string, type: Family["type"], help: string): Family {
    const known = this.#families.get(name);
    if (known !== undefined) {
      if (known.type !== type) throw new TypeError(`metric ${name} is a ${known.type}, not a ${type}`);
      return known;
    }
    const family: Family = { type, help, series: new Map() };
    this.#families.set(name, family);
    return family;
  }
}

function one(family: Family, labels: Labels, bounds: readonly number[] | null): Series {
  let key = keyOf(labels);
  let series = family.series.get(key);
  if (series !== undefined) return series;
  if (family.series.size >= maxSeries) {
    labels = Object.fromEntries(Object.keys(labels).map((name) => [name, "other"]));
    key = keyOf(labels);
    series = family.series.get(key);
    if (series !== undefined) return series;
  }
  series = { labels, value: 0, buckets: bounds && bounds.map(() => 0), count: 0 };
  family.series.set(key, series);
  return series;
}

/** What tells series apart: asked at each observation, so nothing is escaped or sorted. */
function keyOf(labels: Labels): string {
  let key = "";
  for (const name in labels) key += `${name}\0${labels[name]}\0`;
  return key;
}

function braces(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

function escaped(value: string): string {
  return value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}
