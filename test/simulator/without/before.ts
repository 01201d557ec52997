/** What the checks, gates and waits before the freeze are good for: for each, a night in which a run without it breaks something. */

import { type Nights, PLATFORMS } from "./nights.ts";

const {
  annotated,
  approvers,
  bank,
  choosy,
  dated,
  deployed,
  living,
  plain,
  sluggish,
  stored,
  unnamed,
  unpinned,
} = PLATFORMS;

export const BEFORE: Nights = {
  "check-data": { platform: () => stored(50), breaks: "requests", ends: "refused" },
  // What it writes into every zone of the name is left when it is gone.
  "check-dns": { platform: unpinned, rollBackAt: "move-workloads", breaks: "undo", ends: "refused" },
  "check-kubernetes": { platform: dated, breaks: "permissions", ends: "refused" },
  "check-network": {
    platform: () => bank(["203.0.113.1"], "203.0.113.9"),
    breaks: "liveness",
    ends: "refused",
  },
  "check-kafka": { platform: unnamed, breaks: "kafka-delay", ends: "refused" },
  "check-metrics": { platform: PLATFORMS.demanding, breaks: "liveness", ends: "refused" },
  "check-permissions": {
    platform: () => ({ ...PLATFORMS.asked(60, approvers(1, 240)) }),
    breaks: "liveness",
    ends: "refused",
  },
  "check-pipelines": { platform: () => deployed("repot"), breaks: "freeze", ends: "refused" },
  "check-runtime": { platform: choosy, breaks: "liveness", ends: "refused" },
  "check-identity": { platform: annotated, breaks: "liveness", ends: "refused" },
  "measure-old-ttls": { breaks: "ttls" },
  "preflight/Old TTLs run out": { breaks: "ttls" },
  "observe-ttls": {
    platform: () => living(120, 60),
    faults: [{ kind: "insync-late", step: "lower-ttls" }],
    breaks: "promises",
  },
  "observe-cluster": { breaks: "liveness" },
  "find-destinations": { breaks: "liveness" },
  "observe-bundle": { faults: [{ kind: "bucket-late", step: "install-bundle" }], breaks: "promises" },
  "observe-warmth": { platform: sluggish, breaks: "promises" },
  "observe-egress": {
    platform: () => bank([], "203.0.113.1"),
    faults: [{ kind: "firewall-drops", step: "install-probes" }],
    breaks: "promises",
  },
  "watch-gates/Give it time": { platform: plain, breaks: "patience" },
  "preflight/Wait for data": {
    platform: plain,
    faults: [{ kind: "metrics-late", step: "check-metrics", seconds: 600 }],
    breaks: "liveness",
  },
};
