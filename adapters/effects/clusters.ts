/** `create-cluster`: an EKS cluster that carries our tag, and is deleted by its undo only if it does. */

import type { Effect } from "../../domain/effects.ts";
import { StillSettling } from "../../domain/errors.ts";
import { CREATED_BY } from "../../domain/kube.ts";
import { makeEks } from "../eks.ts";
import type { Outcome } from "../journal.ts";
import type { Clients } from "./clients.ts";

type CreateCluster = Extract<Effect, { kind: "create-cluster" }>;

/** Creates it, or finds it there: one that others made is adopted and never deleted by us. */
export const createCluster = async (effect: CreateCluster, clients: Clients): Promise<Outcome> => {
  const eks = makeEks(clients.aws.eks);
  const found = await eks.describe(effect.name);
  if (found)
    return {
      outcome: "stood",
      ...(found.tags[CREATED_BY] === clients.migration
        ? {}
        : { note: "It was there before us, and stays after us." }),
    };
  const { name, version, clientToken, roleArn, subnetIds } = effect;
  await eks.create({
    name,
    version,
    clientToken,
    roleArn,
    subnetIds,
    tags: { [CREATED_BY]: clients.migration },
  });
  return { outcome: "made" };
};

export const undoCluster = async (effect: CreateCluster, clients: Clients): Promise<Outcome> => {
  const eks = makeEks(clients.aws.eks);
  const found = await eks.describe(effect.name);
  if (!found || found.status === "DELETING") return { outcome: "stood" };
  if (found.tags[CREATED_BY] !== clients.migration)
    return { outcome: "left", note: "It was there before us." };
  if (found.status === "CREATING" || found.status === "UPDATING")
    throw new StillSettling(
      `Cluster ${effect.name} is ${found.status}, and EKS deletes it only when that is over. It is tried again.`,
    );
  return { outcome: (await eks.remove(effect.name)) ? "made" : "stood" };
};
