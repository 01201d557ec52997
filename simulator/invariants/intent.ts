/** Intent before effect: no call changes the platform unless an open journal entry of that step is about the very thing. */

import type { Effect } from "../../domain/effects.ts";
import type { Observed } from "../services/seam.ts";
import type { Invariant } from "./invariant.ts";
import { changesPlatform, type Scene } from "./scene.ts";

export const makeIntent = (): Invariant<Scene> => {
  /** Intents by step, and what each is about. Those that are done stay: a lost answer may have the call made again. */
  const intents = new Map<string, Set<string>>();
  /** Names of zones by their ids: a deletion names the id only. */
  const zones = new Map<string, string>();
  return {
    name: "intent-before-effect",
    sentence: "Before each effect there is a durable journal entry about it.",
    check: ({ fact }) => {
      const seen = fact();
      if (seen?.kind === "event" && seen.event.type === "effect" && seen.event.status === "intended") {
        const { step, effect } = seen.event;
        const known = intents.get(step) ?? new Set<string>();
        intents.set(step, known.add(subjectOfEffect(effect)));
        return [];
      }
      if (seen?.kind !== "call" || !changesPlatform(seen.call)) return [];
      const { call } = seen;
      const subject = subjectOfCall(call, zones);
      if (intents.get(call.invocation.step)?.has(subject)) return [];
      return [
        `${call.invocation.step} made ${call.service}:${call.action} on ${subject} without an entry in the journal.`,
      ];
    },
  };
};

const subjectOfEffect = (effect: Effect): string => {
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
    case "set-record":
      return `zone ${effect.zoneId}`;
    case "create-zone":
      return `zone named ${bare(effect.name)}`;
    case "create-cluster":
      return `cluster ${effect.name}`;
    case "set-owner":
      return `owner ${effect.thing}`;
  }
};

const bare = (name: string): string => name.toLowerCase().replace(/\.$/, "");

const idOf = (text: unknown): string => String(text).replace(/^\/hostedzone\//, "");

const subjectOfCall = (call: Observed, zones: Map<string, string>): string => {
  const input = call.input as Readonly<Record<string, unknown>>;
  switch (call.service) {
    case "route53": {
      if (call.action === "CreateHostedZone") {
        const { HostedZone: zone } = call.output as { readonly HostedZone?: { readonly Id?: string } };
        zones.set(idOf(zone?.Id), bare(String(input["Name"])));
        return `zone named ${bare(String(input["Name"]))}`;
      }
      if (call.action === "DeleteHostedZone")
        return `zone named ${zones.get(idOf(input["Id"])) ?? idOf(input["Id"])}`;
      return `zone ${idOf(input["HostedZoneId"])}`;
    }
    case "eks":
      return `cluster ${String(input["name"])}`;
    default:
      return kubernetesSubject(call);
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
