/** Faults of what a cluster is made of, and of the way in: load balancers, admission, Velero and its bucket, edges, addresses. */

import type { Plan } from "../../domain/plan.ts";
import type { Clock } from "../clock.ts";
import type { RehearsedWorld } from "../rehearsal/world.ts";
import type { Observed } from "../services/seam.ts";
import type { SimulatedCluster } from "../world/cluster/index.ts";
import type { Slowness } from "../world/cluster/slowness.ts";
import type { Trouble } from "../world/edges.ts";
import type { Emit } from "../world/types.ts";
import { driftFaults } from "./drift.ts";
import type { WorldFault, WorldFaults } from "./world.ts";

const BALANCER_SECONDS = 1_200;
const POLICY_SECONDS = 400;
const RESTORE_SECONDS = 15;
const BUCKET_SECONDS = 2_400;
/** Two in a hundred: what twenty requests don't show, and two thousand do. */
const ERRING_SHARE = 0.02;
const SLOWER_TIMES = 5;
const PINNED_SHARE = 0.02;

/** Turns one screw of some clusters' machinery; whoever feels it says so. */
const slowing =
  (
    clusters: readonly SimulatedCluster[],
    on: () => Partial<Slowness>,
    off: Partial<Slowness>,
  ): WorldFault["turn"] =>
  (wanted, struck) => {
    for (const { slowness } of clusters) Object.assign(slowness, wanted ? { ...on(), felt: struck } : off);
  };

const asksMetrics = (call: Observed): boolean => call.service === "metrics";
const asksProbes = (call: Observed): boolean => call.service === "probes" || call.service === "metrics";

export const machineryFaults = (
  { clusters, outside, dns }: RehearsedWorld,
  around: { readonly clock: Clock; readonly plan: Plan; readonly emit: Emit },
): WorldFaults => {
  const { clock, plan } = around;
  const { source, target } = clusters;
  const troubled =
    (trouble: Trouble): WorldFault["turn"] =>
    (on) =>
      outside.trouble("target", on ? trouble : undefined);
  const name = plan.settings.target.name;
  return {
    "balancer-late": {
      turn: slowing([target], () => ({ balancerSeconds: BALANCER_SECONDS }), { balancerSeconds: 0 }),
    },
    "policy-late": {
      turn: slowing([source, target], () => ({ policySeconds: POLICY_SECONDS }), { policySeconds: 0 }),
    },
    "restore-slow": {
      turn: slowing([target], () => ({ restoreSeconds: RESTORE_SECONDS }), { restoreSeconds: 0 }),
    },
    "bucket-late": {
      turn: slowing([target], () => ({ bucketFromMs: clock.now() + BUCKET_SECONDS * 1000 }), {
        bucketFromMs: 0,
      }),
    },
    "secrets-left-out": { turn: slowing([target], () => ({ leftOut: "secrets" }), { leftOut: "" }) },
    ...driftFaults({ source, dns }, around),
    "edge-closed": {
      turn: troubled({ share: 1, closed: true, reason: `the load balancers of ${name} let nobody in` }),
      feltBy: asksProbes,
    },
    "target-errs": {
      turn: troubled({
        share: ERRING_SHARE,
        reason: `applications on ${name} answer with errors of their own`,
      }),
      feltBy: asksMetrics,
    },
    "target-slow": {
      turn: troubled({ share: 0, times: SLOWER_TIMES, reason: `applications on ${name} are slow` }),
      feltBy: asksMetrics,
    },
    "address-pinned": { turn: (on) => dns.pin(on ? PINNED_SHARE : 0), feltBy: asksMetrics },
  };
};
