/** Can the target reach whom the source reaches, and do the flow logs agree? Before any traffic moves. Changes nothing. */

import { FLOW_LOGS_LATE_SECONDS, flowsOf } from "../adapters/flow-logs.ts";
import { SYSTEM_NAMESPACE } from "../domain/bundle.ts";
import { type Flow, type Flows, judgeFirewalls, type Sides } from "../domain/checks/firewalls.ts";
import type { Observed } from "../domain/checks/judging.ts";
import { EGRESS_PROBE, readReports, type Tried } from "../domain/egress-probes.ts";
import { overall } from "../domain/gates.ts";
import type { Side } from "../domain/phases.ts";
import { destinationsOf, nodeAddresses } from "./destinations.ts";
import { askFlowLogs, FLOW_LOG_READS, type FlowAnswer, type Rows } from "./flow-queries.ts";
import { gate } from "./gate.ts";
import { kubernetesOf, planOf, type Run } from "./run.ts";
import type { Context } from "./step.ts";

/** Probes run every five minutes: what is older than two of them says nothing about now. */
const FRESH_SECONDS = 660;
/** Flows of so long are looked at, up to the moment from which records may be missing. */
const LOOKED_AT_SECONDS = 900;

export const observeEgress = gate({
  name: "observe-egress",
  does: "Compares what the probes of both clusters reached, and the flows of both clusters' nodes by destination.",
  needs: {
    s3: ["ListBucket", "PutObject migrations/*/flow-queries/*"],
    logs: FLOW_LOG_READS,
    kubernetes: { source: ["list nodes", "list pods"], target: ["list nodes", "list pods"] },
  },
  // A probe every five minutes, and records that come ten minutes later.
  patience: { pollSeconds: 60, holdSecondsMax: 2_700 },
  measure: async ({ run, watcher }, context) => {
    const plan = await planOf(context, run);
    const tried = { source: await triedOn(context, "source"), target: await triedOn(context, "target") };
    const destinations = await destinationsOf(context, run, plan);
    const name = `observe-egress-${watcher}`;
    const { flows, renew } = await flowsSeen(context, run, name, plan.settings.network.flowLogGroup);
    const verdicts = judgeFirewalls(plan.settings, destinations, tried, flows, context.now().toISOString());
    if (overall(verdicts) !== "pass") await renew();
    return verdicts;
  },
});

const triedOn = async (context: Context, side: Side): Promise<Tried> => {
  const pods = await kubernetesOf(context, side).list(
    { apiVersion: "v1", kind: "Pod" },
    { namespace: SYSTEM_NAMESPACE, labelSelector: `${EGRESS_PROBE}=true` },
  );
  return readReports(side, pods, context.now().getTime() - FRESH_SECONDS * 1_000);
};

const flowsSeen = async (
  context: Context,
  run: Run,
  name: string,
  logGroup: string,
): Promise<{ readonly flows: Observed<Sides<Flows>>; readonly renew: FlowAnswer["renew"] }> => {
  const [source, target] = [await nodeAddresses(context, "source"), await nodeAddresses(context, "target")];
  if (source.length === 0 || target.length === 0)
    return {
      flows: { missing: "A cluster without a node has no flows to compare." },
      renew: async () => {},
    };
  const toSeconds = Math.floor(context.now().getTime() / 1_000) - FLOW_LOGS_LATE_SECONDS;
  const [here, there] = [flowsOf(source), flowsOf(target)];
  const answer = await askFlowLogs(
    context,
    run,
    name,
    { logGroup, fromSeconds: toSeconds - LOOKED_AT_SECONDS, toSeconds },
    [here.sent, here.answered, there.sent, there.answered],
  );
  const { renew } = answer;
  return "rows" in answer
    ? { flows: { value: sidesOf(answer) }, renew }
    : { flows: { missing: answer.missing }, renew };
};

const sidesOf = ({ rows }: Extract<FlowAnswer, { readonly rows: unknown }>): Sides<Flows> => {
  const [sent = [], answered = [], sentThere = [], answeredThere = []] = rows;
  return { source: together(sent, answered), target: together(sentThere, answeredThere) };
};

const together = (sent: Rows, answered: Rows): Flows => {
  const flows = new Map<string, Flow>();
  const of = (place: string): Flow => flows.get(place) ?? { accepted: 0, rejected: 0, answered: 0 };
  for (const { dstAddr, dstPort, action, flows: count } of sent) {
    const place = `${dstAddr}:${dstPort}`;
    const key = action === "REJECT" ? "rejected" : "accepted";
    flows.set(place, { ...of(place), [key]: of(place)[key] + Number(count) });
  }
  for (const { srcAddr, srcPort, flows: count } of answered) {
    const place = `${srcAddr}:${srcPort}`;
    // What comes unasked is no answer.
    if (flows.has(place)) flows.set(place, { ...of(place), answered: of(place).answered + Number(count) });
  }
  return flows;
};
