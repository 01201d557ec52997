/** The end of a rollback: every field that we changed reads as it did before we came. What others changed since is theirs. Changes nothing. */

import * as z from "zod";
import { canonicalJson } from "../adapters/bucket.ts";
import { fieldsOf } from "../adapters/effects/fields.ts";
import { ownerOf } from "../adapters/effects/owners.ts";
import { makeEks } from "../adapters/eks.ts";
import { makeRoute53, sameRecord, type ZoneWithServers } from "../adapters/route53.ts";
import { isGoing } from "../domain/conditions.ts";
import { fqdn } from "../domain/dns-names.ts";
import type { Effect, RecordSet } from "../domain/effects.ts";
import { AnswerLost, NotFound } from "../domain/errors.ts";
import { keys, undoKeyOf } from "../domain/journal.ts";
import { CREATED_BY, type KubeObject, type Ref, refOf } from "../domain/kube.ts";
import { SIDES, type Side } from "../domain/phases.ts";
import { forEach } from "./check.ts";
import { journalOf } from "./effect.ts";
import { withRecord } from "./gate.ts";
import { bucketOf, kubernetesOf, planOf, type Run, RunSchema } from "./run.ts";
import { type Context, step } from "./step.ts";
import { callerReferenceOf } from "./zones.ts";

/** Where a look ended that had to stop: the first entry about a thing decides, so what was seen before is kept. */
const ComparedSchema = z.object({
  upTo: z.number().int().nonnegative(),
  subjects: z.array(z.string()),
  different: z.array(z.string()),
});
type Compared = z.output<typeof ComparedSchema>;

const comparedKey = (run: Run, watcher: string): string =>
  `migrations/${run.migration}/undo/compared-${watcher}.json`;

/** A function is cut off after 30 seconds; a look ends long before. */
const LOOK_MS = 12_000;
/** Entries between two looks at the clock: two rounds of questions, each of which a target that doesn't answer holds up for five seconds. */
const SLICE = 80;

export const compareWithStart = step({
  name: "compare-with-start",
  does: "Reads everything that the journal says we changed, and holds it against the old values on record; a long journal in several looks.",
  input: z.object({
    run: RunSchema,
    /** The rollback's execution. */
    watcher: z.string(),
    /** Where its last look ended. */
    from: z.number().int().nonnegative().default(0),
  }),
  needs: withRecord("migrations/*/undo/*", {
    kubernetes: { source: ["get planned"], target: ["get planned", "get nodes"] },
    route53: ["GetHostedZone", "ListHostedZonesByName", "ListResourceRecordSets"],
    eks: ["DescribeCluster"],
  }),
  run: async ({ run, watcher, from }, context) => {
    const bucket = bucketOf(context);
    const stored = from === 0 ? undefined : await bucket.getJson(comparedKey(run, watcher));
    const begun = stored ? ComparedSchema.parse(stored.value) : { upTo: 0, subjects: [], different: [] };
    const entries = await journalOf(context).forwardKeys(run.migration);
    const now = await compare(context, run, entries, begun);
    if (now.upTo >= entries.length) return { ...(await judged(context, run, now)), next: null };
    if (stored) await bucket.replaceIf(comparedKey(run, watcher), now, stored.etag);
    else await bucket.putFirst(comparedKey(run, watcher), now);
    return {
      verdict: "unknown" as const,
      sentence: `${now.upTo} of ${entries.length} entries have been compared.`,
      next: now.upTo,
    };
  },
});

/** Oldest first: the first entry about a thing holds the value from before we came. */
const compare = async (
  context: Context,
  run: Run,
  entries: readonly string[],
  begun: Compared,
): Promise<Compared> => {
  const journal = journalOf(context);
  const scaled = await autoscaled(context, run);
  const zones = makeZones(context);
  const startedAt = context.now().getTime();
  const seen = new Set(begun.subjects);
  const different = [...begun.different];
  let { upTo } = begun;
  // Each look gets on, however slow the bucket is.
  do {
    const slice = entries.slice(upTo, upTo + SLICE);
    const read = await forEach(slice, async (key) => {
      const { effect } = await journal.read(key);
      return { key, effect, subject: subjectOf(effect) };
    });
    const firsts = read.filter(({ subject }) => !seen.has(subject) && seen.add(subject));
    const compared = await forEach(firsts, async ({ key, effect, subject }) =>
      scaled.has(subject) ||
      (await wasLeft(context, key, effect)) ||
      (await isAsBefore(context, run, effect, zones))
        ? []
        : [subject],
    );
    different.push(...compared.flat());
    upTo += slice.length;
  } while (upTo < entries.length && context.now().getTime() - startedAt < LOOK_MS);
  return { upTo, subjects: [...seen], different };
};

/** What is as it was and yet was never undone is nobody's word for it: whoever gave up on it may have been wrong about the rest. */
const judged = async (context: Context, run: Run, { subjects, different }: Compared) => {
  const open = (await journalOf(context).notUndone(run.migration)).map(nameOfEntry);
  const passes = different.length === 0 && open.length === 0;
  return {
    verdict: passes ? ("pass" as const) : ("fail" as const),
    sentence: passes
      ? `All ${subjects.length} things that were changed are as they were.`
      : [
          ...(different.length > 0 ? [`Not as it was: ${some(different)}.`] : []),
          ...(open.length > 0
            ? [
                `Tried again and again and not undone: ${some(open)}. People were told of each, with its commands.`,
              ]
            : []),
        ].join(" "),
  };
};

/** `…/journal/0042-shift:shop/cart/forward-1-source-down.json` → `0042-shift:shop/cart/1-source-down`. */
const nameOfEntry = (key: string): string =>
  key.replace(/^.*\/journal\//, "").replace(/\/forward-(.*)\.json$/, "/$1");

const some = (names: readonly string[]): string =>
  `${names.slice(0, 5).join(", ")}${names.length > 5 ? ` and ${names.length - 5} more` : ""}`;

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
    case "create-objects":
      return `${effect.cluster} ${canonicalJson(effect.objects.map((object) => refOf(object as unknown as KubeObject)))}`;
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

/** Whether the undo found a value of somebody else's and let it stand. Of several objects each is looked at: that one of them was left says nothing of the others. */
const wasLeft = async (context: Context, forwardKey: string, { kind }: Effect): Promise<boolean> => {
  if (kind === "create-objects") return false;
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
    case "create-object":
      return isGone(context, run, effect.cluster, effect.object as unknown as KubeObject);
    case "create-objects":
      return (
        await forEach(effect.objects, (object) =>
          isGone(context, run, effect.cluster, object as unknown as KubeObject),
        )
      ).every(Boolean);
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

/** Whether nothing of ours stands under the name of an object that we created. */
const isGone = async (context: Context, run: Run, side: Side, object: KubeObject): Promise<boolean> => {
  const found = await look(() => kubernetesOf(context, side).find(refOf(object)), side);
  return found === undefined || isGoing(found) || found.metadata.annotations?.[CREATED_BY] !== run.migration;
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
