/** On the way back: is anybody still on the target? Without metrics, DNS and time have to do: a rollback never waits for metrics. */

import * as z from "zod";
import { makeMetrics } from "../adapters/metrics.ts";
import { edgeRequestRate, openConnections } from "../domain/queries.ts";
import { journalOf } from "./effect.ts";
import { withReading } from "./gate.ts";
import { planOf, RunSchema } from "./run.ts";
import { step } from "./step.ts";

/** The state machine asks so often. */
const POLL_SECONDS = 30;

export const observeTargetTraffic = step({
  name: "observe-target-traffic",
  does: "Reads new requests and open connections of the target; passes at once where DNS was never changed.",
  input: z.object({ run: RunSchema, polls: z.number().int().nonnegative() }),
  needs: withReading({ metrics: ["query"] }),
  run: async ({ run, polls }, context) => {
    const entries = await journalOf(context).forwardKeys(run.migration);
    if (!entries.some((key) => key.includes("-delegate-zone/")))
      return { verdict: "pass" as const, sentence: "The target was never delegated to." };
    const { settings } = await planOf(context, run);
    const measured = await measure(context, settings.target.name);
    if (measured === "missing")
      // TTLs are over within minutes; connections that were opened before live for as long as stragglers on the way forward.
      return polls * POLL_SECONDS >= settings.policy.drainSecondsMax
        ? {
            verdict: "pass" as const,
            sentence: `No metrics of the target came for ${polls * POLL_SECONDS} s; every TTL has run out since DNS went back, and open connections had the time that stragglers get.`,
          }
        : {
            verdict: "unknown" as const,
            sentence:
              "The target's metrics are missing; TTLs and open connections are given their time instead.",
          };
    const { rate, connections } = measured;
    return {
      verdict: rate <= 0.01 && connections < 1 ? ("pass" as const) : ("unknown" as const),
      sentence: `The target still gets ${rate.toFixed(2)} requests a second over ${Math.ceil(connections)} open connections.`,
    };
  },
});

const measure = async (
  context: Parameters<typeof makeMetrics>[0],
  cluster: string,
): Promise<{ readonly rate: number; readonly connections: number } | "missing"> => {
  const metrics = makeMetrics(context);
  try {
    const [rate, connections] = await Promise.all([
      metrics.query("target", edgeRequestRate(cluster)),
      metrics.query("target", openConnections(cluster)),
    ]);
    if (rate === "missing" || connections === "missing") return "missing";
    return { rate: rate.value, connections: connections.value };
  } catch (error) {
    // Whatever is wrong with the metrics: the way back goes on without them.
    if (error instanceof Error) return "missing";
    throw error;
  }
};
