/** Planted bugs of consumer groups: too many members, too few, or one that is away for too long. */

import type { PlannedMove } from "../../functions/plan-move.ts";
import type { Item } from "../../functions/run.ts";
import type { PlantedBug } from "./bug.ts";
import { added, changed, inMachine, inStep } from "./edit.ts";

type Group = { readonly policy: string; readonly members: number };

export const GROUPS: readonly PlantedBug[] = [
  {
    name: "group-at-2n",
    sentence: "Every member of a group starts on the target before one leaves the source.",
    area: "step",
    caughtBy: "kafka-members",
    plant: inStep("plan-move", (right) => async (input, context) => {
      const move = (await right(input, context)) as PlannedMove;
      const { members } = ((input as { readonly item: Item }).item.groups ?? [])[0] as Group;
      if (move.kind !== "scale" || move.side !== "target") return move;
      return { ...move, replicas: members };
    }),
  },
  {
    name: "member-taken-first",
    sentence:
      "The source gives a member up before the target has one more, whatever the group's policy says.",
    area: "step",
    caughtBy: "kafka-members",
    plant: inStep("plan-move", (right) => (input, context) => {
      const { item } = input as { readonly item: Item };
      const groups = (item.groups ?? []).map((g) => (g.policy === "live" ? { ...g, policy: "swap" } : g));
      return right({ ...(input as object), item: { ...item, groups } }, context);
    }),
  },
  {
    name: "id-away-too-long",
    sentence: "Between the stop of a static member here and its start there lie ten minutes.",
    area: "workflow",
    caughtBy: "kafka-delay",
    plant: inMachine(
      "shift-group",
      changed("Which move?", {
        Choices: [{ Condition: "{% $move.kind = 'hand-over-id' %}", Next: "Coffee" }],
      }),
      added("Coffee", { Type: "Wait", Seconds: 600, Next: "Hand over the id" }),
    ),
  },
];
