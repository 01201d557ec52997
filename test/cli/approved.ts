/** The plan that the commands of a deployed Repot are tried on, as its approvers sign it. */

import type { Plan } from "../../domain/plan.ts";
import { planHash } from "../../domain/planning/build.ts";
import { smallPlan } from "../functions/bench-plan.ts";
import { userId } from "./account.ts";

export const APPROVERS = ["amara", "jonas", "mei"].map((person) => ({
  person,
  role: "platform",
  aws: userId(person),
}));
export const approved = (over: Partial<Plan> = {}, approvers: readonly object[] = APPROVERS): string =>
  JSON.stringify({
    ...smallPlan({ assumptions: [], ...over }, { approvals: { approvers: approvers as never, quorum: 2 } }),
  });
export const TEXT = approved();
export const HASH = planHash(TEXT);
export const M = "shop-1";
