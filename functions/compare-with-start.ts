/** The end of a rollback: every field that we changed reads as it did before we came. What others changed since is theirs. Changes nothing. */

import * as z from "zod";
import { canonicalJson } from "../adapters/bucket.ts";
import { fieldsOf } from "../adapters/effects/fields.ts";
import { CREATED_BY } from "../adapters/effects/objects.ts";
import { ownerOf } from "../adapters/effects/owners.ts";
import { makeEks } from "../adapters/eks.ts";
import { fqdn, makeRoute53, sameRecord, type ZoneWithServers } from "../adapters/route53.ts";
import type { Effect, RecordSet } from "../domain/effects.ts";
import { AnswerLost, NotFound } from "../domain/errors.ts";
import { keys, undoKeyOf } from "../domain/journal.ts";
import { type KubeObject, type Ref, refOf } from "../domain/kube.ts";
import { SIDES, type Side } from "../domain/phases.ts";
import { forEach } from "./check.ts";
import { journalOf } from "./effect.ts";
import { withReading } from "./gate.ts";
import { bucketOf, kubernetesOf, planOf, type Run, RunSchema } from "./run.ts";
import { type Context, step } from "./step.ts";
import { callerReferenceOf } from "./zones.ts";

export const compareWithStart = step({
  name: "compare-with-start",
  does: "Reads everything that the journal says we changed, and holds it against the old values on record.",
  input: z.object({ run: RunSchema }),
  needs: withReading({
    kubernetes: { source: ["get planned"], target: ["get planned", "get nodes"] },
    route53: ["GetHostedZone", "ListHostedZonesByName", "ListResourceRecordSets"],
    eks: ["DescribeCluster"],
  }),
  run: async ({ run }, context) => {
    const journal = journalOf(context);
    const scaled = await autoscaled(context, run);
    const read = await forEach(await journal.forwardKeys(run.migration), async (key) => {
      const { effect } = await journal.read(key);
      return { key, effect, subject: subjectOf(effect) };
    });
    // Oldest first: the first entry about a thing holds the value from before we came.
    const firsts = new Map(read.toReversed().map((entry) => [entry.subject, entry]));
    const seen = [...firsts.values()].reverse();
    const zones = makeZones(context);
    const compared = await forEach(seen, async ({ key, effect, subject }) =>
      scaled.has(subject) || (await wasLeft(context, key)) || (await isAsBefore(context, run, effect, zones))
        ? []
        : [subject],
    );
    const different = compared.flat();
    return {
      verdict: different.length === 0 ? ("pass" as const) : ("fail" as const),
      sentence:
        different.length === 0
          ? `All ${seen.length} things that were changed are as they were.`
          : `Not as it was: ${different.slice(0, 5).join(", ")}${different.length > 5 ? ` and ${different.length - 5} more` : ""}.`,
    };
  },
});

/**
 * Numbers of replicas that an autoscaler writes, on either side: its bounds are compared like everything else, and as soon as they are
 * back the number is its own again, and no longer the one on record.
 */
const autoscaled = async (context: Context, run: Run): Promise<ReadonlySet<string>> => {
  const { workloads } = await planOf(context, run);
  return new Set(
    workloads
      .filter((w) => w.autoscaler !== undefined)
      .flatMap((w) => SIDES.map((side) => `${side} ${w.kind} ${w.namespace}/${w.name} spec.replicas`)),
  );
};

const subjectOf = (effect: Effect): string => {
  switch (effect.kind) {
    case "set-field":
      return `${effect.cluster} ${effect.object.kind} ${effect.object.namespace ?? ""}/${effect.object.name} ${effect.path.join(".")}`;
    case "create-object":
      return `${effect.cluster} ${canonicalJson(refOf(effect.object as unknown as KubeObject))}`;
    case "delete-object":
      return `${effect.cluster} ${canonicalJson(refOf(effect.before as unknown as KubeObject))}`;
    case "set-record":
      return `${effect.zoneId} ${(effect.after ?? effect.before)?.type} ${(effect.after ?? effect.before)?.name}`;
    case "create-zone":
      return `zone ${effect.name}`;
    case "create-cluster":
      return `cluster ${effect.name}`;
    case "set-owner":
      return `owner of ${effect.thing}`;
  }
};

/** Whether the undo found a value of somebody else's and let it stand. */
const wasLeft = async (context: Context, forwardKey: string): Promise<boolean> => {
  const stored = await bucketOf(context).getJson(keys.done(undoKeyOf(forwardKey)));
  return (stored?.value as { readonly outcome?: string } | undefined)?.outcome === "left";
};

type Zones = (zoneId: string) => Promise<readonly [ZoneWithServers | undefined, readonly RecordSet[]]>;

/** Zones with their records, each asked for once: Route 53 bears five requests a second, and a name may be one of ten thousand. */
const makeZones = (context: Context): Zones => {
  const route53 = makeRoute53(context.aws.route53);
  const asked = new Map<string, ReturnType<Zones>>();
  const ask = async (zoneId: string) => {
    const zone = await route53.zone(zoneId);
    return [zone, zone ? await route53.listRecords(zoneId) : []] as const;
  };
  return (zoneId) => {
    const known = asked.get(zoneId) ?? ask(zoneId);
    asked.set(zoneId, known);
    return known;
  };
};

const isAsBefore = async (context: Context, run: Run, effect: Effect, zones: Zones): Promise<boolean> => {
  switch (effect.kind) {
    case "set-field": {
      // A status is its controller's, and has moved on.
      if (effect.path[0] === "status") return true;
      const object = await look(
        () => kubernetesOf(context, effect.cluster).find(effect.object as Ref),
        effect.cluster,
      );
      return object === undefined || canonicalJson(fieldsOf(object, effect)) === canonicalJson(effect.before);
    }
    case "create-object": {
      const object = effect.object as unknown as KubeObject;
      const found = await look(
        () => kubernetesOf(context, effect.cluster).find(refOf(object)),
        effect.cluster,
      );
      return (
        found === undefined ||
        found.metadata["deletionTimestamp"] !== undefined ||
        found.metadata.annotations?.[CREATED_BY] !== run.migration
      );
    }
    case "delete-object": {
      const found = await look(
        () => kubernetesOf(context, effect.cluster).find(refOf(effect.before as unknown as KubeObject)),
        effect.cluster,
      );
      // What we deleted on a target that is gone by now is gone with it.
      return (
        found !== undefined ||
        (effect.cluster === "target" &&
          (await look(() => kubernetesOf(context, "target").version(), "target")) === undefined)
      );
    }
    case "set-record": {
      const [zone, records] = await zones(effect.zoneId);
      const wanted = effect.before ?? effect.after;
      // The apex of our own zone goes with the zone; where records of others keep the zone, that is said of the zone.
      if (
        !zone ||
        (zone.callerReference === callerReferenceOf(run) && (wanted?.type === "NS" || wanted?.type === "SOA"))
      )
        return true;
      const found = records.find(
        (r) =>
          r.name === fqdn(wanted?.name ?? "") &&
          r.type === wanted?.type &&
          r.setIdentifier === wanted.setIdentifier,
      );
      return effect.before ? found !== undefined && sameRecord(found, effect.before) : found === undefined;
    }
    case "create-zone":
      return !(await makeRoute53(context.aws.route53).zonesByName(effect.name)).some(
        (zone) => zone.callerReference === effect.callerReference,
      );
    case "create-cluster": {
      const found = await makeEks(context.aws.eks).describe(effect.name);
      return !found || found.status === "DELETING" || found.tags[CREATED_BY] !== run.migration;
    }
    case "set-owner": {
      return (await ownerOf(bucketOf(context), run.migration, effect.thing)) === effect.before;
    }
  }
};

/** A target that is gone holds nothing of ours; a source that doesn't answer is an error, not an absence. */
const look = async <T>(read: () => Promise<T | undefined>, side: Side): Promise<T | undefined> => {
  try {
    return await read();
  } catch (error) {
    if (error instanceof NotFound || (side === "target" && error instanceof AnswerLost)) return undefined;
    throw error;
  }
};
