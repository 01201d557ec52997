/** What the gates, drains and waits of the freeze and of the move are good for: for each, a night in which a run without it breaks something. */

import { slowlyGuarded } from "../../rehearsals/guarded.ts";
import { groupOf } from "../../rehearsals/reader.ts";
import { type Nights, PLATFORMS } from "./nights.ts";

const { busyJobs, calm, deployed, library, plain, slowIngress, stored, windowed } = PLATFORMS;

export const MOVING: Nights = {
  "check-window": {
    faults: [{ kind: "pod-never-ready", step: "install-bundle", seconds: 5_400 }],
    breaks: "window",
  },
  "freeze/Wait for the window": { platform: () => windowed("22:00", "23:59"), breaks: "liveness" },
  "prove-freeze": {
    platform: () => deployed(),
    faults: [{ kind: "policy-late", step: "install-freeze-policy" }],
    breaks: "freeze",
  },
  "observe-snapshot": { breaks: "liveness" },
  "compare-clusters": {
    faults: [{ kind: "secrets-left-out", step: "restore-workloads" }],
    breaks: "promises",
  },
  "observe-drift": { faults: [{ kind: "secret-renewed", step: "link-services" }], breaks: "promises" },
  // The pause before the first look is no proof: pods may take longer.
  "observe-workload": { platform: () => slowIngress(60), breaks: "waves" },
  "compare-workload": { platform: plain, breaks: "first-there" },
  "observe-group": { breaks: "kafka-members" },
  "observe-workers": { breaks: "queue-workers" },
  "measure-workers": { breaks: "liveness" },
  "drain-queue": { faults: [{ kind: "unacked-stuck", step: "compare-workload" }], breaks: "drained" },
  "observe-drain": { breaks: "liveness" },
  "observe-balancers": { faults: [{ kind: "balancer-late", step: "restore-workloads" }], breaks: "liveness" },
  "observe-restore": { faults: [{ kind: "restore-slow", step: "restore-workloads" }], breaks: "waves" },
  "guard/Until the next look": { platform: plain, breaks: "patience" },
  "guard/Look again soon": {
    platform: plain,
    faults: [{ kind: "quota-exceeded", step: "scale-workload" }],
    breaks: "patience",
  },
  "shift-group/Wait for quiet": {
    platform: () => groupOf({ policy: "quiet", quietHours: { start: "03:00", end: "05:00" } }),
    breaks: "patience",
  },
  "scale/Give it time": { platform: plain, breaks: "patience" },
  "drain-queue/Give it time": {
    faults: [{ kind: "unacked-stuck", step: "compare-workload" }],
    breaks: "patience",
  },
  "prove-gone": { platform: busyJobs, breaks: "cron-jobs" },
  "hand-over/Give it time": { platform: busyJobs, breaks: "patience" },
  // Somebody sets the source's replicas anew: both fleets in full are more than the database lets in.
  "compare-whole": {
    platform: () => stored(75),
    faults: [{ kind: "hpa-fights", step: "measure-workers" }],
    breaks: "requests",
  },
  // What answers for the webhook has stood for a moment and crashes again and again.
  "observe-hooks": {
    platform: slowlyGuarded,
    faults: [{ kind: "pod-crashes", step: "scale-workload" }],
    breaks: "waves",
  },
  "observe-suite": { breaks: "promises" },
  // Between two looks of the guard, and after the suite.
  "observe-load": {
    platform: () => calm(),
    faults: [{ kind: "target-slow", step: "compare-whole" }],
    breaks: "promises",
  },
  "observe-copy": { breaks: "liveness" },
  // Hours of snapshot: asked four times a minute, the history is full before it is over.
  "copy-with-pause/Wait for the cloud": {
    platform: () => library(420),
    faults: [{ kind: "volume-snapshot-slow", step: "copy-volumes", seconds: 14_400 }],
    breaks: "limits",
  },
  "copy-with-pause/Wait for the copy": { breaks: "patience" },
  "copy-with-pause/Wait for the snapshot": { breaks: "patience" },
  "copy-with-pause/Wait until it is gone": { breaks: "patience" },
  "copy-with-pause/Wait until it is up": { breaks: "patience" },
};
