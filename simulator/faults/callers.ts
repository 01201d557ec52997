/** Who else writes to the clusters where a fault needs somebody. */

import { BREAK_GLASS_GROUP } from "../../domain/freeze-policy.ts";
import type { Caller } from "../world/types.ts";

export const ADMINISTRATOR: Caller = {
  name: "administrator",
  kind: "actor",
  user: "admin:platform",
  groups: ["system:masters"],
  mayKubernetes: () => true,
};

/** Who may do what the freeze refuses to everybody else. */
export const BREAK_GLASS: Caller = {
  ...ADMINISTRATOR,
  name: "break-glass",
  groups: [...ADMINISTRATOR.groups, BREAK_GLASS_GROUP],
};

export const AUTOSCALER: Caller = {
  name: "horizontal-pod-autoscaler",
  kind: "controller",
  user: "system:serviceaccount:kube-system:horizontal-pod-autoscaler",
  groups: ["system:serviceaccounts", "system:serviceaccounts:kube-system", "system:authenticated"],
  mayKubernetes: () => true,
};
