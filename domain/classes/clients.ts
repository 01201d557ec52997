/** In-cluster load generators: they are clients, and what they aim at is what the outside sees when nothing else says so. */

import { namedIn } from "../graph.ts";
import type { Inventory, ServiceInfo } from "../inventory.ts";
import { type Evidence, holds, objectName, podPath, type Subject } from "./recognise.ts";

/** Variables that say how hard to push. Two of them beside an address, on something that nobody calls, make a load generator. */
const PRESSURE =
  /^(USERS|RATE|RPS|QPS|VUS|CONCURRENCY|REQUESTS_PER_SECOND|SPAWN_RATE|HATCH_RATE|NUM_USERS|DURATION|ARRIVAL_RATE|THREADS|CLIENTS)$/;
/** Telemetry and feature flags are what a generator uses, not what it aims at. */
const ASIDE =
  /^(OTEL|FLAGD|OPENFEATURE|JAEGER|ZIPKIN|STATSD|DD|PROMETHEUS|PYROSCOPE|K6_(OUT|PROMETHEUS|STATSD))(_|$)/;

/** Why a workload is taken for a load generator, undefined where it is none. */
export const loadGeneratorEvidence = (subject: Subject, inventory: Inventory): Evidence | undefined => {
  const known = holds(subject, "load-tool");
  if (known) return known.evidence;
  const { running } = subject;
  if ((inventory.servicesOf.get(running.id) ?? []).length > 0) return undefined;
  for (const container of running.template.spec.containers) {
    const names = (container.env ?? []).map((e) => e.name);
    const pressure = names.filter((n) => PRESSURE.test(n));
    if (pressure.length >= 2 && targetsOf(subject, inventory).length > 0)
      return {
        object: objectName(running),
        field: `${podPath(running)}.containers[${container.name}].env[${pressure[0]}]`,
        sentence: `${pressure.join(" and ")} say how hard it pushes; it has no Service of its own.`,
        inferred: true,
      };
  }
  return undefined;
};

/** Services that a load generator aims at. */
export const targetsOf = (subject: Subject, inventory: Inventory): readonly ServiceInfo[] => {
  const targets = new Map<string, ServiceInfo>();
  for (const setting of subject.settings) {
    if (ASIDE.test(setting.name)) continue;
    for (const service of namedIn(setting, subject.running.namespace, inventory))
      if (!service.workloads.includes(subject.running.id)) targets.set(service.id, service);
  }
  return [...targets.values()];
};
