/** Names, load, and what the applications lean on: capacity, datastores, third parties. */

import * as z from "zod";
import { count, dnsName, hostName, port, seconds } from "./shapes.ts";

export const Host = z.strictObject({
  host: hostName,
  /** `namespace/service` that answers for it; from the manifests where absent. */
  service: z.string().optional(),
  /** How the old zone leads there in a rehearsal, an alias where absent; the real one is asked. */
  records: z.enum(["alias", "addresses"]).optional(),
});

export const HostLoad = z.strictObject({
  host: hostName,
  /** Mean over a day. */
  requestsPerSecond: z.number().nonnegative().max(1_000_000),
  /** Peak over mean; 1 is flat. */
  peakFactor: z.number().min(1).max(10).default(1.6),
  /** Hour of the day, in the window's time zone, at which the peak stands. */
  peakHour: z.number().min(0).max(24).default(15),
  /** Normal answers of the application, shares that sum to 1. */
  statuses: z
    .record(z.string().regex(/^[1-5]\d\d$/), z.number().min(0).max(1))
    .default({ "200": 0.999, "500": 0.001 }),
  /** Share of clients that hold connections open and ask DNS again only when those end. */
  longLivedShare: z.number().min(0).max(1).default(0.05),
});

export const Capacity = z.strictObject({
  /** `namespace/name` of a workload, or `*` for all others. */
  workload: z.string(),
  /** What one ready pod carries before requests fail. */
  requestsPerSecondPerPod: z.number().positive(),
  /** Its own time for a request at low load. */
  serviceMs: z.number().positive().default(12),
});

export const Datastore = z.strictObject({
  name: z.string(),
  /** Host as the manifests name it. */
  host: z.string(),
  /** Where it listens, for a host outside of the clusters. */
  port: port.default(5432),
  connectionsMax: count,
  /** Connections that one pod of a workload holds. */
  connectionsPerPod: z.record(z.string(), count),
});

export const ThirdParty = z.strictObject({
  name: z.string(),
  host: z.string(),
  port: port.default(443),
  /** Source addresses its firewall lets in; empty means everybody. */
  allows: z.array(z.string()).default([]),
  /** Workloads that call it, `namespace/name`; read from the manifests where absent. */
  calledBy: z.array(z.string()).default([]),
});

export const Dns = z.strictObject({
  /** The zone that is delegated anew at the cut; every public host lies in it. */
  zone: dnsName,
  /** The zone that delegates it. */
  parent: dnsName,
  /** What the zone and its delegation have now. */
  ttlSeconds: seconds.default(172_800),
  recordTtlSeconds: seconds.default(300),
  /** What Repot lowers them to before the cut. */
  loweredTtlSeconds: seconds.default(60),
  /** Public names beside those of Ingresses and routes. */
  hosts: z.array(Host).default([]),
});
