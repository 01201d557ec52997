/** What the gates and waits of the cut, of its way back and of the end are good for: for each, a night in which a run without it breaks something. */

import { rich } from "../../rehearsals/small.ts";
import { type Nights, PLATFORMS } from "./nights.ts";

const { approvers, calm, hasty, library, living, plain, windowed } = PLATFORMS;

/** Somebody asks for the rollback while a function of the way forward is still alive. */
const PRESSED = [
  { kind: "rollback-pressed", step: "install-freeze-policy" },
  { kind: "zombie", step: "install-freeze-policy" },
];

export const CUTTING: Nights = {
  // Between two looks of the guard, with the last look at our own load.
  "validate-target": {
    platform: () => calm(),
    faults: [{ kind: "edge-closed", step: "observe-load", skip: 1 }],
    breaks: "requests",
  },
  // Between two looks of the guard, just before the source gives up its capacity.
  "compare-platform": {
    platform: () => calm(hasty),
    faults: [{ kind: "target-slow", step: "observe-stragglers" }],
    breaks: "promises",
  },
  "cut-traffic/Wait for the window": {
    platform: () =>
      windowed("10:00", "13:00", { ...approvers(2, 12_000), gates: { continuousSeconds: 3_600 } }),
    breaks: "liveness",
  },
  guard: { faults: [{ kind: "target-slow", step: "delegate-zone" }], breaks: "promises" },
  "measure-ttls": { platform: () => living(3_600, 3_600, hasty), breaks: "ttls" },
  "cut-traffic/Wait out the TTLs": { platform: () => living(3_600, 3_600, hasty), breaks: "ttls" },
  // Servers answer alike within seconds, and are asked again soon: an alias is believed for a minute all the same.
  "cut-traffic/Wait out the records": {
    platform: () => living(900, 60, { ...hasty, gates: { pollSeconds: 10 } }),
    seed: 2,
    breaks: "ttls",
  },
  "observe-old-zone": {
    platform: () => living(900, 60, hasty),
    faults: [{ kind: "insync-late", step: "repoint-old-zone" }],
    breaks: "promises",
  },
  "observe-stragglers": {
    faults: [{ kind: "resolver-ignores-ttl", step: "delegate-zone" }],
    breaks: "promises",
  },
  // It sets its number between the look at the pods and the look at the floor.
  "cut-traffic/Let it settle": {
    platform: plain,
    faults: [{ kind: "hpa-fights", step: "scale-workload", skip: 2 }],
    breaks: "promises",
  },
  "observe-floor": {
    platform: plain,
    faults: [{ kind: "hpa-fights", step: "scale-workload" }],
    breaks: "promises",
  },
  "check-retirement": {
    faults: [{ kind: "address-pinned", step: "lift-freeze" }],
    breaks: "source-capacity",
  },
  "compare-zones": {
    faults: [
      { kind: "record-added", step: "link-services" },
      { kind: "insync-late", step: "carry-records" },
    ],
    breaks: "promises",
  },
  "roll-back/Let functions end": { faults: PRESSED, breaks: "undo" },
  "observe-target-traffic": { rollBackAt: "thaw", breaks: "requests" },
  "observe-owners": {
    faults: [{ kind: "controller-both-sides", step: "arm-controller" }],
    breaks: "promises",
  },
  "observe-delegation": {
    platform: () => living(900, 60, hasty),
    faults: [{ kind: "parent-late", step: "delegate-zone" }],
    breaks: "promises",
  },
  "observe-source": {
    platform: () => PLATFORMS.slow(540, PLATFORMS.busy),
    rollBackAt: "cut-traffic",
    breaks: "requests",
  },
  "roll-back/Give the source time": { platform: plain, rollBackAt: "cut-traffic", breaks: "patience" },
  "roll-back/Let clients come back": { rollBackAt: "thaw", breaks: "patience" },
  "compare-with-start": {
    platform: rich,
    rollBackAt: "cut-traffic",
    faults: [{ kind: "volume-snapshot-fails", step: "return-volumes" }],
    breaks: "undo",
    ends: "rollback-incomplete",
  },
  "copy-back/Give it time": { rollBackAt: "cut-traffic", breaks: "patience" },
  "copy-back/Wait for Velero": {
    platform: rich,
    rollBackAt: "cut-traffic",
    faults: [{ kind: "volume-snapshot-fails", step: "return-volumes", seconds: 1_000 }],
    breaks: "rollback-incomplete",
  },
  // Hours of snapshot: asked four times a minute, four hours of looks are over in two.
  "copy-back/Wait for the cloud": {
    platform: () => library(180),
    rollBackAt: "cut-traffic",
    faults: [{ kind: "volume-snapshot-slow", step: "return-volumes", seconds: 14_400 }],
    breaks: "rollback-incomplete",
  },
  "copy-back/Wait for the copy": { rollBackAt: "cut-traffic", breaks: "patience" },
  "copy-back/Wait for the snapshot": { rollBackAt: "cut-traffic", breaks: "patience" },
  "copy-back/Wait until it is gone": { rollBackAt: "cut-traffic", breaks: "patience" },
};
