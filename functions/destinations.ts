/** The destinations of a migration in the bucket, and the addresses under which each cluster's nodes go out. */

import * as z from "zod";
import {
  allDestinations,
  type Destination,
  DestinationSchema,
  namedDestinations,
} from "../domain/destinations.ts";
import { NotFound } from "../domain/errors.ts";
import type { Side } from "../domain/phases.ts";
import { at } from "../domain/pods.ts";
import { bucketOf, kubernetesOf, type Run, readOnce, type SlimPlan } from "./run.ts";
import type { Context } from "./step.ts";

const Seen = z.object({ seen: z.array(DestinationSchema) });

const keyOf = (run: Run): string => `migrations/${run.migration}/destinations.json`;

/** What the flow logs have shown is kept once: later questions are about the same destinations. */
export const keepSeen = async (context: Context, run: Run, seen: readonly Destination[]): Promise<void> => {
  await bucketOf(context).putFirst(keyOf(run), { seen });
};

/** Those of the plan and those that were seen. @throws NotFound where nobody has looked yet. */
export const destinationsOf = async (
  context: Context,
  run: Run,
  plan: SlimPlan,
): Promise<readonly Destination[]> => {
  const known = await readOnce(context, keyOf(run), (value) => Seen.parse(value));
  if (!known)
    throw new NotFound("Nobody has looked yet whom the source talks to; find-destinations does that first.");
  return allDestinations(namedDestinations(plan), known.seen);
};

/** The inner addresses of a cluster's nodes. Needs `list nodes`. */
export const nodeAddresses = async (context: Context, side: Side): Promise<readonly string[]> => {
  const nodes = await kubernetesOf(context, side).list({ apiVersion: "v1", kind: "Node" });
  return nodes
    .flatMap((node) => {
      const addresses = at(node, "status", "addresses");
      return (Array.isArray(addresses) ? addresses : []).flatMap((address: unknown) => {
        const value = at(address, "address");
        return at(address, "type") === "InternalIP" && typeof value === "string" ? [value] : [];
      });
    })
    .sort();
};
