/** Planted bugs of order and of patience: what goes on before what it leans on stands, and what is reported as done before it is. */

import type { PlantedBug } from "./bug.ts";
import { changed, inMachine, leftOut } from "./edit.ts";
import { without } from "./without.ts";

export const ORDER: readonly PlantedBug[] = [
  {
    name: "wave-not-awaited",
    sentence: "The next wave begins while the pods of the one before are still starting.",
    area: "workflow",
    caughtBy: "waves",
    plant: without(["observe-workload", "scale/Give it time"]),
  },
  {
    name: "source-halved-unproved",
    sentence: "The source gives up its pods for some that were never seen to stay ready on the target.",
    area: "workflow",
    caughtBy: "first-there",
    plant: inMachine(
      "shift",
      leftOut("Compare both sides"),
      changed("May the source give up its half?", {
        Choices: [{ Condition: "{% true %}", Next: "Source down to its half" }],
      }),
      (states) => {
        const down = states["Source down to its half"] as { readonly Arguments: { readonly Input: object } };
        const Input = { ...down.Arguments.Input, replicas: "{% $item.replicas - 1 %}" };
        return changed("Source down to its half", { Arguments: { ...down.Arguments, Input } })(states);
      },
    ),
  },
  {
    name: "suite-not-awaited",
    sentence: "The end-to-end suite is started, and taken away before it has ended.",
    area: "workflow",
    caughtBy: "promises",
    plant: inMachine("move-workloads", leftOut("Did the suite pass?")),
  },
  {
    name: "asked-without-a-pause",
    sentence: "A gate that doesn't pass is asked again at once, and again.",
    area: "workflow",
    caughtBy: "patience",
    plant: inMachine("watch-gates", leftOut("Give it time")),
  },
];
