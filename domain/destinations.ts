/** Whom the platform talks to outside of its clusters: as repot.yaml names them, and as the VPC's flow logs have seen them. */

import * as z from "zod";
import type { KafkaBroker } from "./kafka.ts";
import { byCodeUnit } from "./kube.ts";
import type { Plan } from "./plan.ts";

export const DestinationSchema = z.object({
  /** What people call it; an address that only the flow logs know has no other name. */
  name: z.string(),
  host: z.string(),
  port: z.number().int().min(1).max(65_535),
  kind: z.enum(["third-party", "datastore", "broker", "seen"]),
});
export type Destination = z.infer<typeof DestinationSchema>;

export const placeOf = (to: Pick<Destination, "host" | "port">): string => `${to.host}:${to.port}`;

/** More are not tried; what is left out is said. */
export const DESTINATIONS_MAX = 400;

/** What manifests write as a host, without a port. */
const bare = (host: string): string => host.split(":")[0] ?? host;

/** Whether a host is a Service of the platform (`redis`, `redis.shop`, `redis.shop.svc.cluster.local`): those move with it. */
const isService = (host: string, workloads: Plan["workloads"]): boolean => {
  const [name = "", namespace] = bare(host).split(".");
  return workloads.some((w) =>
    w.services.some((s) => (namespace === undefined ? s.endsWith(`/${name}`) : s === `${namespace}/${name}`)),
  );
};

/** Third parties and outside datastores of the plan, sorted by place. */
export const namedDestinations = ({
  settings,
  workloads,
}: Pick<Plan, "settings" | "workloads">): readonly Destination[] =>
  [
    ...settings.thirdParties.map(({ name, host, port }) => ({
      name,
      host: bare(host),
      port,
      kind: "third-party" as const,
    })),
    ...settings.datastores
      .filter(({ host }) => !isService(host, workloads))
      .map(({ name, host, port }) => ({ name, host: bare(host), port, kind: "datastore" as const })),
  ].sort((a, b) => byCodeUnit(placeOf(a), placeOf(b)));

/** Brokers outside of the clusters, by the addresses that they send their clients to; those that are Services lead to whoever serves them. */
export const brokerDestinations = (
  brokers: readonly KafkaBroker[],
  workloads: Plan["workloads"],
): readonly Destination[] =>
  brokers
    .filter(({ host }) => !isService(host, workloads))
    .map(({ id, host, port }) => ({ name: `Kafka broker ${id}`, host, port, kind: "broker" as const }));

const isPrivate = (address: string): boolean =>
  /^(10\.|127\.|169\.254\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.)/.test(address);

/** Clients' own ports: what is sent there is an answer, not a call. */
const EPHEMERAL_FROM = 32_768;

/** Public addresses that the source called, from rows of `dstAddr` and `dstPort`; what belongs to the VPC itself is left out. */
export const seenDestinations = (
  rows: readonly Readonly<Record<string, string>>[],
): readonly Destination[] => {
  const seen = new Map<string, Destination>();
  for (const { dstAddr = "", dstPort = "" } of rows) {
    const port = Number(dstPort);
    if (dstAddr === "" || isPrivate(dstAddr) || !(port > 0 && port < EPHEMERAL_FROM)) continue;
    const to = { name: `${dstAddr}:${port}`, host: dstAddr, port, kind: "seen" as const };
    seen.set(placeOf(to), to);
  }
  return [...seen.values()].sort((a, b) => byCodeUnit(placeOf(a), placeOf(b)));
};

/** Each place once; the plan's own words go before an address that was seen. */
export const allDestinations = (
  named: readonly Destination[],
  seen: readonly Destination[],
): readonly Destination[] => {
  const known = new Set(named.map(placeOf));
  return [...named, ...seen.filter((s) => !known.has(placeOf(s)))].slice(0, DESTINATIONS_MAX);
};
