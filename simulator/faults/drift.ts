/** Faults of drift: what a controller, a developer or somebody with break-glass changes on the source, or in DNS, while workloads move. */

import type { RecordSet } from "../../domain/effects.ts";
import type { KubeObject } from "../../domain/kube.ts";
import { byCodeUnit, refOf, sentenceOf } from "../../domain/kube.ts";
import type { Plan } from "../../domain/plan.ts";
import { at } from "../../domain/pods.ts";
import type { Clock } from "../clock.ts";
import type { SimulatedCluster } from "../world/cluster/index.ts";
import type { SimulatedDns } from "../world/dns/index.ts";
import type { Caller, Emit } from "../world/types.ts";
import { BREAK_GLASS } from "./callers.ts";
import type { WorldFault, WorldFaults } from "./world.ts";

const RENEWER: Caller = {
  name: "certificate-renewer",
  kind: "controller",
  user: "system:serviceaccount:cert-manager:cert-manager",
  groups: ["system:serviceaccounts", "system:serviceaccounts:cert-manager", "system:authenticated"],
  mayKubernetes: () => true,
};

/** The freeze is about workloads: what else a namespace holds is its developers' to add. */
const DEVELOPER: Caller = {
  name: "developer",
  kind: "actor",
  user: "developer",
  groups: ["developers", "system:authenticated"],
  mayKubernetes: () => true,
};

type Around = { readonly clock: Clock; readonly plan: Plan; readonly emit: Emit };

/** One change of the source: by whom, of what, and as which field the record has it. */
type Change = {
  readonly caller: Caller;
  readonly method: "POST" | "PATCH";
  readonly path: string;
  readonly object: string;
  readonly field: string;
  readonly body: unknown;
};

/** Makes a change once, if the platform has what it is about; a strike is a change that the API server took. */
const once =
  (source: SimulatedCluster, { emit }: Around, changeOf: () => Change | undefined): WorldFault["turn"] =>
  (on, struck) => {
    const change = on ? changeOf() : undefined;
    if (!change) return;
    const { caller, method, path, object, field, body } = change;
    const type = method === "POST" ? "application/json" : "application/merge-patch+json";
    const { status } = source.api(
      {
        method,
        url: `https://source${path}`,
        headers: { "content-type": type },
        body: JSON.stringify(body),
      },
      caller,
    );
    if (status >= 300) return;
    const what = { who: caller.name, cluster: "source", object, field } as const;
    emit({ type: "actor", ...what, before: "(not told)", after: "(not told)", allowed: true });
    struck();
  };

export const driftFaults = (
  { source, dns }: { readonly source: SimulatedCluster; readonly dns: SimulatedDns },
  around: Around,
): WorldFaults => {
  const namespaces = new Set(around.plan.workloads.map((w) => w.namespace));
  const first = (kind: string): KubeObject | undefined =>
    source
      .all()
      .filter((o) => o.kind === kind && namespaces.has(o.metadata.namespace ?? ""))
      .sort((a, b) => byCodeUnit(sentenceOf(refOf(a)), sentenceOf(refOf(b))))[0];
  return {
    "secret-renewed": { turn: once(source, around, () => renewal(first("Secret"), around.clock)) },
    "break-glass-deploy": { turn: once(source, around, () => deployment(first("Deployment"))) },
    "record-added": { turn: writing(dns, around, ADDED, proving) },
    "record-removed": {
      turn: writing(dns, around, "_dmarc", (name, records) => records.filter((r) => r.name !== name)),
    },
    "object-added": { turn: once(source, around, () => addition(around.plan)) },
  };
};

/** A name that proves to somebody whose zone it is. */
const proving = (name: string, records: readonly RecordSet[]): readonly RecordSet[] => [
  ...records,
  { name, type: "TXT", ttlSeconds: 300, values: ['"proof=1"'] },
];

/** Somebody changes the zone that the parent names, as whoever looks it up would. */
const writing =
  (
    { zones, parent, child }: SimulatedDns,
    { emit }: Around,
    label: string,
    change: (name: string, records: readonly RecordSet[]) => readonly RecordSet[],
  ): WorldFault["turn"] =>
  (on, struck) => {
    if (!on) return;
    const delegation = zones.records(parent.id).find((r) => r.type === "NS" && r.name === child.name);
    const servers = new Set((delegation?.values ?? []).map((server) => server.replace(/\.$/, "")));
    const live = zones.all().find((zone) => zone.nameServers.some((server) => servers.has(server)));
    if (!live) return;
    const before = zones.records(live.id);
    const name = `${label}.${child.name}`;
    const after = change(name, before);
    if (after.length === before.length) return;
    zones.replace(live.id, after);
    const cluster = live.id === child.id ? "source" : "target";
    const what = { who: DEVELOPER.name, cluster, object: `TXT ${name}`, field: "values" } as const;
    const [old, now] = [before, after].map((all) =>
      all.some((r) => r.name === name) ? "present" : "absent",
    );
    emit({ type: "actor", ...what, before: old ?? "", after: now ?? "", allowed: true });
    struck();
  };

const renewal = (secret: KubeObject | undefined, clock: Clock): Change | undefined =>
  secret && {
    caller: RENEWER,
    method: "PATCH",
    path: `/api/v1/namespaces/${secret.metadata.namespace}/secrets/${secret.metadata.name}`,
    object: sentenceOf(refOf(secret)),
    field: "data.tls.crt",
    body: { data: { "tls.crt": Buffer.from(`renewed at ${clock.now()}`).toString("base64") } },
  };

/** A merge patch replaces a list whole: the other containers, and the rest of this one, stay as they are. */
const deployment = (object: KubeObject | undefined): Change | undefined => {
  const containers = at(object, "spec", "template", "spec", "containers") as readonly object[] | undefined;
  const [main, ...others] = containers ?? [];
  if (!object || !main) return undefined;
  const mended = { ...main, image: `${String(at(main, "image"))}-hotfix` };
  return {
    caller: BREAK_GLASS,
    method: "PATCH",
    path: `/apis/apps/v1/namespaces/${object.metadata.namespace}/deployments/${object.metadata.name}`,
    object: sentenceOf(refOf(object)),
    field: "spec.template.spec.containers",
    body: { spec: { template: { spec: { containers: [mended, ...others] } } } },
  };
};

const ADDED = "added-by-hand";

/** What a developer adds, by kind; what came is told from the kinds that the plan has. */
const ADDITIONS: readonly KubeObject[] = [
  { apiVersion: "v1", kind: "ConfigMap", data: { checkout: "new" } },
  { apiVersion: "v1", kind: "Secret", type: "Opaque", data: { key: "bmV3" } },
  { apiVersion: "v1", kind: "Service", spec: { selector: { app: ADDED }, ports: [{ port: 80 }] } },
].map((object) => ({ ...object, metadata: { name: ADDED } }));

const addition = ({ objects, workloads }: Plan): Change | undefined => {
  const namespaces = new Set(workloads.map((w) => w.namespace));
  const planned = (objects as unknown as readonly KubeObject[]).filter((o) =>
    namespaces.has(o.metadata.namespace ?? ""),
  );
  const [found] = ADDITIONS.flatMap((object) =>
    planned
      .filter(({ kind }) => kind === object.kind)
      .map(({ metadata: { namespace } }) => ({ ...object, metadata: { ...object.metadata, namespace } })),
  );
  return (
    found && {
      caller: DEVELOPER,
      method: "POST",
      path: `/api/v1/namespaces/${found.metadata.namespace}/${found.kind.toLowerCase()}s`,
      object: `${found.kind} ${found.metadata.namespace}/${ADDED}`,
      field: "metadata.name",
      body: found,
    }
  );
};
