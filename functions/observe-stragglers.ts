/** After the cut: does anybody still use the source? The clock alone doesn't tell; requests and open connections do. Changes nothing. */

import { type Measurement, makeMetrics } from "../adapters/metrics.ts";
import { edgeRequestRate, openConnections } from "../domain/queries.ts";
import { forEach } from "./check.ts";
import { gate } from "./gate.ts";
import { planOf } from "./run.ts";
import { judge, whereNoHosts } from "./verdicts.ts";

export const observeStragglers = gate({
  name: "observe-stragglers",
  does: "Holds the source's requests and open connections against the policy's share of the whole demand.",
  needs: { metrics: ["query"] },
  patience: { pollSeconds: 60, holdSecondsMax: 7_200 },
  measure: async ({ run }, context) => {
    const plan = await planOf(context, run);
    const idle = whereNoHosts(context, plan, "stragglers/hosts");
    if (idle) return idle;
    const { settings } = plan;
    const metrics = makeMetrics(context);
    const [onSource = "missing", onTarget = "missing", open = "missing"] = await forEach(
      [
        ["source", edgeRequestRate(settings.source.name)],
        ["target", edgeRequestRate(settings.target.name)],
        ["source", openConnections(settings.source.name)],
      ] as const,
      ([side, query]) => metrics.query(side, query),
    );
    const share = (value: Measurement | "missing"): number | null =>
      value === "missing" ||
      onTarget === "missing" ||
      onSource === "missing" ||
      onTarget.value + onSource.value <= 0
        ? null
        : value.value / (onTarget.value + onSource.value);
    const limit = settings.policy.stragglerShareMax;
    return [
      { name: "requests", value: share(onSource), what: "of all requests still arrive at the source" },
      {
        name: "connections",
        value: share(open),
        what: "connections to the source are open, as a share of the requests a second",
      },
    ].map(({ name, value, what }) =>
      judge(context, value === null ? undefined : value <= limit ? true : undefined, {
        check: `stragglers/${name}`,
        subject: "source",
        sentence:
          value === null
            ? `How many ${name} the source still has is unknown.`
            : `${(value * 100).toFixed(3)} % ${what}.`,
        remedy:
          "Wait; list who still comes (long-lived connections, resolvers that ignore TTLs) and have them reconnect.",
        value,
        threshold: `at most ${limit * 100} %`,
        samples: value === null ? 0 : 1,
        source: edgeRequestRate(settings.source.name),
      }),
    );
  },
});
