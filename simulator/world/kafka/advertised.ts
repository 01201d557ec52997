/** The addresses that simulated brokers tell their clients to use: those of their manifests where they run in the clusters, else those that repot.yaml names. */

import type { KafkaBroker } from "../../../domain/kafka.ts";
import { nameOf, type Plan } from "../../../domain/plan.ts";

const LISTENERS = /"name":"(?:KAFKA_|KAFKA_CFG_)?ADVERTISED_LISTENERS","value":"([^"]*)"/;
const KAFKA_PORT = 9_092;
/** Brokers that nobody names stand outside of the clusters, where both reach them. */
const ELSEWHERE = "kafka.platform.example:9092";

/** @param workload The brokers' own, where they run in the clusters. */
export const advertisedBy = (plan: Plan, workload: string | undefined): readonly KafkaBroker[] => {
  const own = plan.workloads.find((w) => nameOf(w) === workload);
  const said = own ? listenersOf(plan, own) : (plan.settings.kafka?.bootstrapServers ?? [ELSEWHERE]);
  return said.map((address, index) => {
    const [host = "", port] = address.split(/:(?=\d+$)/);
    return { id: index + 1, host, port: Number(port ?? KAFKA_PORT) };
  });
};

/** What each broker is configured to advertise; by its Service where its manifest says nothing. */
const listenersOf = (plan: Plan, { kind, namespace, name, services }: Plan["workloads"][number]) => {
  const object = plan.objects.find((o) => {
    const meta = o["metadata"] as { readonly namespace?: string; readonly name?: string } | undefined;
    return o["kind"] === kind && meta?.name === name && (meta?.namespace ?? "default") === namespace;
  });
  const listeners = LISTENERS.exec(JSON.stringify(object ?? {}))?.[1];
  const [service = `${namespace}/${name}`] = services;
  return listeners === undefined
    ? [service.split("/").reverse().join(".")]
    : listeners.split(",").map((listener) => listener.replace(/^[^/]*\/\//, "").trim());
};
