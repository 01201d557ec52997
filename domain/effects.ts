/**
 * Everything that Repot changes, as data: eight kinds of effect, each with the old and the new value, so that its undo is
 * written down before it happens. `undoOf` is total: every effect has one, also an effect that never happened.
 */

import * as z from "zod";
import type { Json } from "./kube.ts";

/** As `z.json()`, without a parser's copy of every part of whole objects. */
const AnyJson = z.custom<Json>((value) => isJson(value), "isn't JSON");

const isJson = (value: unknown): boolean => {
  if (typeof value === "number") return Number.isFinite(value);
  if (typeof value !== "object" || value === null)
    return value === null || typeof value === "string" || typeof value === "boolean";
  if (Array.isArray(value)) return value.every(isJson);
  return isPlain(value) && Object.values(value).every(isJson);
};

const isPlain = (value: object): boolean => {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
};

const Cluster = z.enum(["source", "target"]);
export const RefSchema = z.object({
  apiVersion: z.string(),
  kind: z.string(),
  namespace: z.string().optional(),
  name: z.string(),
});

/** A resource record set as Route 53 has it; alias targets are a record with no TTL of its own. */
export const RecordSetSchema = z.object({
  name: z.string(),
  type: z.string(),
  ttlSeconds: z.number().int().nonnegative().optional(),
  values: z.array(z.string()).optional(),
  alias: z
    .object({
      hostedZoneId: z.string(),
      dnsName: z.string(),
      /** Absent is false. Kept, so that putting a record back doesn't lose it. */
      evaluateTargetHealth: z.boolean().optional(),
    })
    .optional(),
  setIdentifier: z.string().optional(),
  weight: z.number().int().optional(),
});
export type RecordSet = z.infer<typeof RecordSetSchema>;

export const EffectSchema = z.discriminatedUnion("kind", [
  /** One field of one object gets another value. `before: null` says that the field was absent. */
  z.object({
    kind: z.literal("set-field"),
    cluster: Cluster,
    object: RefSchema,
    path: z.array(z.string()),
    /** Fields at the path that must change in one step; the others there are left alone. Absent: the whole value at the path is meant. */
    fields: z.array(z.string()).optional(),
    before: AnyJson,
    after: AnyJson,
  }),
  /** An object comes into being; undone by deleting it, if it is still the one that we made. */
  z.object({ kind: z.literal("create-object"), cluster: Cluster, object: z.record(z.string(), AnyJson) }),
  /** Several objects of one cluster come into being, in their order; undone by deleting each that is still the one that we made, in reverse. */
  z.object({
    kind: z.literal("create-objects"),
    cluster: Cluster,
    objects: z.array(z.record(z.string(), AnyJson)).min(1),
  }),
  /** An object goes; `before` is the whole of it, without its status. */
  z.object({ kind: z.literal("delete-object"), cluster: Cluster, before: z.record(z.string(), AnyJson) }),
  /** A record set of a zone is created (before null), replaced, or deleted (after null). */
  z.object({
    kind: z.literal("set-record"),
    zoneId: z.string(),
    before: RecordSetSchema.nullable(),
    after: RecordSetSchema.nullable(),
  }),
  /** A hosted zone; its caller reference makes the creation idempotent. */
  z.object({ kind: z.literal("create-zone"), name: z.string(), callerReference: z.string() }),
  /** An EKS cluster; its client token makes the creation idempotent. */
  z.object({
    kind: z.literal("create-cluster"),
    name: z.string(),
    version: z.string(),
    clientToken: z.string(),
    roleArn: z.string(),
    subnetIds: z.array(z.string()),
  }),
  /** The ledger's owner of a thing that must not exist twice. */
  z.object({
    kind: z.literal("set-owner"),
    thing: z.string(),
    before: z.enum(["source", "target", "nobody"]),
    after: z.enum(["source", "target", "nobody"]),
  }),
]);
export type Effect = z.infer<typeof EffectSchema>;
export type EffectKind = Effect["kind"];

/** Objects that come together, one by one: for whoever holds effects against single calls. */
export const singlesOf = (effect: Effect): readonly Exclude<Effect, { kind: "create-objects" }>[] =>
  effect.kind === "create-objects"
    ? effect.objects.map((object) => ({ kind: "create-object", cluster: effect.cluster, object }))
    : [effect];
