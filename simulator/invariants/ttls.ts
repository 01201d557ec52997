/**
 * TTLs are waited out: the zone is delegated when every old TTL has run out everywhere, and the source gives up capacity when the
 * delegation's has. Judged by the zones as they are, whatever the steps have measured.
 */

import type { RecordSet } from "../../domain/effects.ts";
import type { Plan } from "../../domain/plan.ts";
import type { Observed } from "../services/seam.ts";
import type { SimulatedDns } from "../world/dns/index.ts";
import type { Invariant } from "./invariant.ts";
import type { Scene } from "./scene.ts";

/** A TTL as it was seen last, and until when a resolver may still hold the record under the older one. */
type Held = { readonly ttlSeconds: number; readonly until: number };

const dotted = (name: string): string => (name.endsWith(".") ? name : `${name}.`);

export const makeTtls = (): Invariant<Scene> => {
  const held = new Map<string, Held>();
  let delegatedUntil: number | undefined;
  let repointedUntil: number | undefined;
  return {
    name: "ttls",
    sentence:
      "The zone is delegated only when every old TTL has run out, and the source goes down only when the delegation's has, and that of the records that led to it.",
    check: (scene) => {
      const seen = scene.fact();
      const dns = scene.world()?.dns;
      if (!dns) return undefined;
      if (held.size === 0) look(scene, dns, held);
      if (seen?.kind !== "call" || !seen.call.mutating || seen.call.outcome !== "applied") return undefined;
      const { call } = seen;
      if (call.service === "route53" && call.invocation.step === "delegate-zone") {
        if (delegatedUntil !== undefined) return undefined;
        const early = tooEarly(scene, held);
        delegatedUntil = scene.now() + longestDelegation(held) * 1000;
        return early;
      }
      if (call.service === "route53") {
        if (call.invocation.step === "repoint-old-zone")
          repointedUntil = scene.now() + longestRecord(scene.plan, held) * 1000;
        look(scene, dns, held);
      }
      if (delegatedUntil === undefined || !lowersSource(call)) return undefined;
      if (repointedUntil !== undefined && scene.now() < repointedUntil)
        return [
          `${call.subject} was scaled down on the source ${Math.ceil((repointedUntil - scene.now()) / 1000)} s before the old zone's records have run out, which led to it.`,
        ];
      return scene.now() < delegatedUntil
        ? [
            `${call.subject} was scaled down on the source ${Math.ceil((delegatedUntil - scene.now()) / 1000)} s before the delegation's TTL has run out.`,
          ]
        : [];
    },
  };
};

const DELEGATION = "the delegation";
const APEX = "the old zone's apex";

/**
 * Reads the records that lead clients: the delegation at the parent, the old zone's apex and its names. A name that somebody adds later says the
 * same in both zones (`promises` sees to it): whoever remembers it is led to no other place.
 */
const look = (
  { plan, now }: Scene,
  { zones, parent, child }: SimulatedDns,
  held: Map<string, Held>,
): void => {
  const isApex = (record: RecordSet) =>
    record.type === "NS" && dotted(record.name) === dotted(plan.settings.dns.zone);
  const isFirst = held.size === 0;
  const note = (what: string, record: RecordSet) => {
    if (!isFirst && !held.has(what)) return;
    const ttlSeconds = record.ttlSeconds ?? 0;
    const before = held.get(what);
    const lowered = before !== undefined && ttlSeconds < before.ttlSeconds;
    const until = lowered ? now() + before.ttlSeconds * 1000 : (before?.until ?? 0);
    held.set(what, { ttlSeconds, until });
  };
  for (const record of zones.records(parent.id)) if (isApex(record)) note(DELEGATION, record);
  for (const record of zones.records(child.id))
    if (record.type !== "SOA" && !record.alias)
      note(isApex(record) ? APEX : `${record.type} ${record.name}`, record);
};

const longestDelegation = (held: ReadonlyMap<string, Held>): number =>
  Math.max(held.get(DELEGATION)?.ttlSeconds ?? 0, held.get(APEX)?.ttlSeconds ?? 0);

/** How long a resolver may still lead a host to the source after the old zone's record leads to the target. */
const longestRecord = (plan: Plan, held: ReadonlyMap<string, Held>): number =>
  Math.max(
    ALIAS_TTL_SECONDS,
    ...plan.hosts.map(
      (h) =>
        held.get(`A ${dotted(h.host)}`)?.ttlSeconds ?? held.get(`CNAME ${dotted(h.host)}`)?.ttlSeconds ?? 0,
    ),
  );

/** An alias is answered with this, whatever anybody wants. */
const ALIAS_TTL_SECONDS = 60;

const tooEarly = ({ plan, now }: Scene, held: ReadonlyMap<string, Held>): readonly string[] =>
  [...held].flatMap(([what, { ttlSeconds, until }]) => {
    if (ttlSeconds > plan.settings.dns.loweredTtlSeconds)
      return [`The zone was delegated while the TTL of ${what} is ${ttlSeconds} s: it was never lowered.`];
    return now() < until
      ? [
          `The zone was delegated ${Math.ceil((until - now()) / 1000)} s before the old TTL of ${what} has run out.`,
        ]
      : [];
  });

/** A patch of a scale on the source by the step that lowers; the undo raises. */
const lowersSource = (call: Observed): boolean =>
  call.service === "kubernetes" &&
  call.side === "source" &&
  call.invocation.step === "scale-workload" &&
  call.action.endsWith("/scale");
