/** Planted bugs of the cut: capacity, delegation and TTLs in the wrong order, or not waited for. */

import type { PlantedBug } from "./bug.ts";
import { reading } from "./clients.ts";
import { all, type Edit, inMachine, inOrder, inStep, leftOut } from "./edit.ts";

export const TRAFFIC: readonly PlantedBug[] = [
  {
    name: "source-down-first",
    sentence: "The source gives up its capacity before anybody was sent to the target.",
    area: "workflow",
    caughtBy: "source-capacity",
    plant: inMachine(
      "cut-traffic",
      inOrder("Fresh gates", "Source down to its floor", "Delegate"),
      inOrder("Does anybody still use the source?", "Does the target carry it?"),
    ),
  },
  {
    name: "ttl-not-waited-out",
    sentence:
      "The source goes down as soon as all servers know of the delegation; what resolvers have cached is nobody's business.",
    area: "workflow",
    caughtBy: "promises",
    plant: inMachine("cut-traffic", inOrder("Do all servers say so?", "Source down to its floor")),
  },
  {
    name: "step-outside-the-window",
    sentence: "The window is taken for open, whenever it is asked about.",
    area: "step",
    caughtBy: "window",
    plant: inStep("check-window", () => async () => ({
      verdict: "pass",
      waitSeconds: 0,
      sentence: "The window is open.",
    })),
    // What comes up late finds the window closed.
    shownBy: { faults: [{ kind: "pod-never-ready", step: "install-bundle", seconds: 5_400 }] },
  },
  {
    name: "window-verdict-grows-old",
    sentence: "The window is judged before the last gates, and that counts however long these hold.",
    area: "step",
    caughtBy: "window",
    plant: inStep(
      "delegate-zone",
      (right) => (input, context) => right({ ...(input as object), beginBefore: null }, context),
    ),
    shownBy: { faults: [{ kind: "metrics-missing", step: "compare-platform", seconds: 4_200 }] },
  },
  {
    name: "zone-copied-once",
    sentence: "The new zone is what the old one was when it was copied, whatever came into that since.",
    area: "workflow",
    caughtBy: "promises",
    plant: inMachine("cut-traffic", inOrder("Fresh gates", "Delegate")),
    shownBy: { faults: [{ kind: "record-added", step: "link-services" }] },
  },
  {
    name: "parent-lowered-not-the-child",
    sentence:
      "The TTL of the delegation is lowered, those of the zone itself are not, and nobody asks its servers.",
    area: "step",
    caughtBy: "promises",
    plant: all(
      lowering(({ delegation }) => ({ delegation, records: [] })),
      inMachine("preflight", leftOut("Ask every server")),
    ),
  },
  {
    name: "child-lowered-not-the-parent",
    sentence:
      "The TTLs of the zone are lowered, that of the delegation is not, and nobody asks the parent's servers.",
    area: "step",
    caughtBy: "promises",
    plant: all(
      lowering(({ delegation, records }) => ({ delegation: { ...delegation, ttlSeconds: 0 }, records })),
      inMachine("preflight", leftOut("Ask every server")),
    ),
  },
  {
    name: "ttls-never-lowered",
    sentence: "No TTL is lowered before the cut.",
    area: "workflow",
    caughtBy: "promises",
    plant: inMachine("preflight", leftOut("Lower the TTLs", "Old TTLs run out", "Ask every server")),
  },
  {
    name: "old-ttls-not-waited-out",
    sentence: "The TTLs are lowered, and nobody waits until the old ones have run out.",
    area: "workflow",
    caughtBy: "ttls",
    plant: inMachine("preflight", leftOut("Old TTLs run out")),
  },
  {
    name: "cut-before-capacity",
    sentence: "The zone is delegated while the target stands at its half; it is raised afterwards.",
    area: "workflow",
    caughtBy: "requests",
    plant: inMachine(
      "cut-traffic",
      inOrder("Take the input", "Ask for the cut"),
      inOrder("Wait out the records", "Target to everything"),
      inOrder("Is the target whole?", "Does anybody still use the source?"),
    ),
  },
  {
    name: "half-below-the-demand",
    sentence: "The source keeps one pod of each application, whatever it still has to serve.",
    area: "workflow",
    caughtBy: "source-capacity",
    plant: inMachine("shift", (states) => {
      const down = states["Source down to its half"] as {
        readonly Arguments: { readonly Input: object };
      };
      const { Arguments: given } = down;
      return {
        ...states,
        "May the source give up its half?": { Type: "Pass", Next: "Source down to its half" },
        "Source down to its half": {
          ...down,
          Arguments: { ...given, Input: { ...given.Input, replicas: 1 } },
        },
      };
    }),
  },
  {
    name: "freeze-not-installed",
    sentence: "Nobody pauses the pipelines, and nothing refuses what they deploy while workloads move.",
    area: "workflow",
    caughtBy: "freeze",
    // Somebody has to deploy while the platform should be frozen: a night in which nobody answers is long enough.
    shownBy: { approve: "never" },
    plant: inMachine("freeze", leftOut("Pause the pipelines", "Install the freeze", "Is it refused?")),
  },
];

type Start = {
  readonly delegation: { readonly ttlSeconds?: number };
  readonly records: readonly object[];
};

/** The step that lowers TTLs, with another memory of how they were. */
function lowering(change: (start: Start) => Start): Edit {
  return inStep(
    "lower-ttls",
    (right) => (input, context) =>
      right(
        input,
        reading(context, /\/start\.json$/, (start) => change(start as Start)),
      ),
  );
}
