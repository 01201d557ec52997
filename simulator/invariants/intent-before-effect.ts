/**
 * Intent before effect: no call changes the platform unless the step has an entry in the journal about this very change: the same thing, the
 * same deed, and for a field the same value.
 */

import { fieldsOf } from "../../adapters/effects/fields.ts";
import { type HttpResponse, jsonOf } from "../../adapters/http.ts";
import { canonicalLine } from "../../domain/canonical.ts";
import { undotted } from "../../domain/dns-names.ts";
import { singlesOf } from "../../domain/effects.ts";
import type { RunEvent } from "../../domain/events.ts";
import type { Observed } from "../services/seam.ts";
import type { Invariant } from "./invariant.ts";
import { changesPlatform, type Scene } from "./scene.ts";

type EffectEvent = Extract<RunEvent, { type: "effect" }>;
type Single = ReturnType<typeof singlesOf>[number];

/** What an entry allows to be done to its subject; a field is held against what the call left behind. */
type Deed = {
  readonly verb: "set" | "create" | "remove";
  readonly field?: {
    readonly path: string[];
    readonly fields?: string[] | undefined;
    readonly value: unknown;
  };
};

export const makeIntent = (): Invariant<Scene> => {
  /** By step and subject. Those that are done stay: a lost answer may have the call made again. */
  const intents = new Map<string, Deed[]>();
  /** Keys of entries forward. A rollback's entry that has none of these for its counterpart is a change of its own, not the undo of one. */
  const forward = new Set<string>();
  const isUndo = ({ direction, key }: EffectEvent): boolean =>
    direction === "undo" && forward.has(key.replace("/undo-", "/forward-"));
  /** Names of zones by their ids: a deletion names the id only. */
  const zones = new Map<string, string>();
  return {
    name: "intent-before-effect",
    sentence: "Before each effect there is a durable journal entry about it.",
    check: ({ fact }) => {
      const seen = fact();
      if (seen?.kind === "event" && seen.event.type === "effect" && seen.event.status === "intended") {
        if (seen.event.direction === "forward") forward.add(seen.event.key);
        for (const effect of singlesOf(seen.event.effect)) {
          const key = `${seen.event.step} ${subjectOfEffect(effect)}`;
          intents.set(key, [...(intents.get(key) ?? []), deedOf(effect, isUndo(seen.event))]);
        }
        return undefined;
      }
      if (seen?.kind !== "call" || !changesPlatform(seen.call)) return undefined;
      const { call } = seen;
      const verb = verbOf(call);
      return subjectsOfCall(call, zones)
        .filter(
          (subject) =>
            !(intents.get(`${call.invocation.step} ${subject}`) ?? []).some(
              (deed) => deed.verb === verb && leaves(call, deed),
            ),
        )
        .map(
          (subject) =>
            `${call.invocation.step} made ${call.service}:${call.action} on ${subject} without an entry in the journal.`,
        );
    },
  };
};

/** An undo does the opposite of what its entry says. */
const deedOf = (effect: Single, undone: boolean): Deed => {
  switch (effect.kind) {
    case "set-field":
      return { verb: "set", field: { ...effect, value: undone ? effect.before : effect.after } };
    case "create-object":
    case "create-zone":
    case "create-cluster":
      return { verb: undone ? "remove" : "create" };
    case "delete-object":
      return { verb: undone ? "create" : "remove" };
    case "set-record":
    case "set-owner":
      return { verb: "set" };
  }
};

const VERBS: Readonly<Record<string, Deed["verb"]>> = {
  CreateHostedZone: "create",
  DeleteHostedZone: "remove",
  CreateCluster: "create",
  DeleteCluster: "remove",
  POST: "create",
  DELETE: "remove",
};

const verbOf = ({ service, action, input }: Observed): Deed["verb"] =>
  VERBS[service === "kubernetes" ? String((input as { readonly method?: unknown }).method) : action] ?? "set";

/** Whether the field reads, in the server's answer, as the entry says. */
const leaves = (call: Observed, { field }: Deed): boolean => {
  if (!field || call.service !== "kubernetes") return true;
  const left = call.output === undefined ? null : jsonOf(call.output as HttpResponse);
  return canonicalLine(fieldsOf(left, field)) === canonicalLine(field.value ?? null);
};

const subjectOfEffect = (effect: Single): string => {
  switch (effect.kind) {
    case "set-field":
      return `${effect.cluster} ${effect.object.namespace ?? ""}/${effect.object.name}`;
    case "create-object":
    case "delete-object": {
      const object = effect.kind === "create-object" ? effect.object : effect.before;
      const { name, namespace } = object["metadata"] as {
        readonly name: string;
        readonly namespace?: string;
      };
      return `${effect.cluster} ${namespace ?? ""}/${name}`;
    }
    case "set-record": {
      const record = effect.after ?? effect.before;
      return recordSubject(effect.zoneId, record?.type, record?.name);
    }
    case "create-zone":
      return `zone named ${undotted(effect.name)}`;
    case "create-cluster":
      return `cluster ${effect.name}`;
    case "set-owner":
      return `owner ${effect.thing}`;
  }
};

const recordSubject = (zoneId: string, type: unknown, name: unknown): string =>
  `${String(type)} ${undotted(String(name))} of zone ${idOf(zoneId)}`;

const idOf = (text: unknown): string => String(text).replace(/^\/hostedzone\//, "");

type Change = { readonly ResourceRecordSet?: { readonly Type?: string; readonly Name?: string } };

const subjectsOfCall = (call: Observed, zones: Map<string, string>): readonly string[] => {
  const input = call.input as Readonly<Record<string, unknown>>;
  switch (call.service) {
    case "route53": {
      if (call.action === "CreateHostedZone") {
        const { HostedZone: zone } = call.output as { readonly HostedZone?: { readonly Id?: string } };
        zones.set(idOf(zone?.Id), undotted(String(input["Name"])));
        return [`zone named ${undotted(String(input["Name"]))}`];
      }
      if (call.action === "DeleteHostedZone")
        return [`zone named ${zones.get(idOf(input["Id"])) ?? idOf(input["Id"])}`];
      const { Changes: changes = [] } = (input["ChangeBatch"] ?? {}) as {
        readonly Changes?: readonly Change[];
      };
      return changes.map(({ ResourceRecordSet: set }) =>
        recordSubject(idOf(input["HostedZoneId"]), set?.Type, set?.Name),
      );
    }
    case "eks":
      return [`cluster ${String(input["name"])}`];
    default:
      return [kubernetesSubject(call)];
  }
};

/** `target shop/cart`, from the path; for a creation, from the body. */
const kubernetesSubject = (call: Observed): string => {
  const { url, body } = call.input as { readonly url: string; readonly body?: string };
  const parts = new URL(url).pathname.split("/").filter((p) => p !== "");
  const rest = parts[0] === "api" ? parts.slice(2) : parts.slice(3);
  const namespaced = rest[0] === "namespaces" && rest.length > 2;
  const namespace = namespaced ? rest[1] : "";
  const name =
    (namespaced ? rest.slice(2) : rest)[1] ??
    (JSON.parse(body ?? "{}") as { readonly metadata?: { readonly name?: string } }).metadata?.name ??
    "";
  return `${call.side} ${namespace}/${name}`;
};
