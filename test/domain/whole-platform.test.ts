/** The platform as one, many verdicts as few, and how sure a figure has to be among many. */

import { describe, expect, test } from "vitest";
import { compareSides } from "../../domain/comparison.ts";
import { folded } from "../../domain/folding.ts";
import { overall, type Verdict } from "../../domain/gates.ts";
import { Z, zAmong } from "../../domain/intervals.ts";
import { together } from "../../domain/whole-platform.ts";
import { makeRandom } from "../../simulator/random.ts";
import { HISTOGRAM_BOUNDS } from "../../simulator/world/metrics-samples.ts";
import { type Behaviour, EQUAL, GATES, observed } from "../bench/comparison.ts";

/** A bound between the two entries' times. */
const FAST = String(HISTOGRAM_BOUNDS.find((le) => le > 0.08));

const side = (cluster: string, behaviour: Partial<Behaviour>, seed: number) =>
  observed(cluster, { ...EQUAL, ...behaviour }, makeRandom(seed));

/** A fast entry and one four times as slow; clients ask the fast one more, the synthetic load both alike. */
const pairs = (slower = 1) => [
  { source: side("old", { samples: 18_000 }, 1), target: side("new", { samples: 6_000, slower }, 2) },
  {
    source: side("old", { samples: 2_000, slower: 4 }, 3),
    target: side("new", { samples: 6_000, slower: 4 * slower }, 4),
  },
];

const verdicts = (slower?: number) => {
  const whole = together(pairs(slower));
  return whole ? compareSides("whole", whole.source, whole.target, { ...GATES, p99RatioMax: 1.5 }) : [];
};

describe("the platform as a whole", () => {
  test("isn't slower because the synthetic load asks slow entries as often as fast ones", () => {
    expect(verdicts().map((v) => `${v.check} ${v.verdict}`)).toEqual([
      "comparison/error-share pass",
      "comparison/p99 pass",
      "comparison/p99.5 pass",
      "comparison/status-mix pass",
    ]);
    // Added up as they come, the same figures would say so: the test would not see otherwise that shares count.
    const plain = (pick: "source" | "target") =>
      pairs().reduce((sum, p) => sum + (p[pick].countByLe?.[FAST] ?? 0), 0) /
      pairs().reduce((sum, p) => sum + (p[pick].countByLe?.["+Inf"] ?? 0), 0);
    expect(plain("source") - plain("target")).toBeGreaterThan(0.1);
  });

  test("is found slower where every entry is", () => {
    expect(verdicts(2).find((v) => v.check === "comparison/p99")?.verdict).toBe("fail");
  });

  test("is nothing where no entry has figures on both sides", () => {
    const [first] = pairs();
    const silent = { ...side("new", {}, 1), requests: { missing: true as const, observedAt: "", query: "" } };
    expect(first && together([{ source: first.source, target: silent }])).toBeUndefined();
  });

  test("is as sure as an even sample: few requests to a large entry count for little", () => {
    const [large, small] = pairs();
    const whole = large && small && together([{ ...large, target: side("new", { samples: 100 }, 5) }, small]);
    const requests = whole?.target.requests;
    expect(requests && "value" in requests ? requests.value : 0).toBeLessThan(200);
  });
});

const verdict = (check: string, is: Verdict["verdict"], samples = 5): Verdict => ({
  check,
  subject: `s-${samples}`,
  verdict: is,
  sentence: "x.",
  ...(is === "pass" ? {} : { remedy: "y" }),
  evidence: [
    { what: check, value: 1, threshold: "t", samples, source: "q", observedAt: "2026-03-03T02:00:00Z" },
  ],
});

describe("folding", () => {
  test("counts what passes by its least sample, and keeps what doesn't", () => {
    const few = folded(
      [
        verdict("a", "pass", 9),
        verdict("a", "pass", 4),
        verdict("a", "fail"),
        verdict("b", "unknown"),
        verdict("b", "pass"),
      ],
      "all",
    );
    expect(few.map((v) => [v.check, v.verdict, v.evidence[0]?.samples])).toEqual([
      ["a", "fail", 5],
      ["b", "unknown", 5],
      ["a", "pass", 4],
      ["b", "pass", 5],
    ]);
  });

  test("says the same over all as before, however many there are", () => {
    const many = Array.from({ length: 200 }, (_, i) =>
      verdict("a", i === 150 ? "fail" : i > 100 ? "unknown" : "pass"),
    );
    expect(overall(folded(many, "all"))).toBe("fail");
    expect(folded(many, "all").length).toBeLessThan(50);
    expect(
      overall(
        folded(
          many.filter((v) => v.verdict !== "fail"),
          "all",
        ),
      ),
    ).toBe("unknown");
  });

  test("of nothing is nothing", () => {
    expect(folded([], "all")).toEqual([]);
  });
});

test("among many figures each has to be surer; never less than alone", () => {
  expect(zAmong(1)).toBeCloseTo(3.09, 2);
  expect(zAmong(50)).toBeCloseTo(4.107, 2);
  expect(zAmong(8_000)).toBeCloseTo(5.17, 1);
  expect(zAmong(0)).toBeGreaterThanOrEqual(Z);
});
