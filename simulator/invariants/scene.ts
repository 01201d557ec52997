/** What an invariant looks at: the world as it is, and the one thing that has just happened. */

import type { RunEvent } from "../../domain/events.ts";
import type { Side } from "../../domain/phases.ts";
import type { Plan } from "../../domain/plan.ts";
import type { Observed } from "../services/seam.ts";
import type { Addresses } from "../world/addresses.ts";
import type { SimulatedDns } from "../world/dns/index.ts";
import type { QueueWorld } from "../world/queues.ts";
import type { ThirdParties } from "../world/third-parties.ts";
import type { Cluster, Traffic } from "../world/types.ts";

/** The latest call that reached a service, or the latest line of the record. */
export type Fact =
  | { readonly kind: "call"; readonly call: Observed }
  /** `line` is the event as it stands in the record. */
  | { readonly kind: "event"; readonly event: RunEvent; readonly line: string };

export type SceneWorld = {
  readonly dns: SimulatedDns;
  readonly queues: QueueWorld;
  readonly clusters: { readonly [S in Side]: Cluster };
  readonly outside: ThirdParties;
  readonly addresses: Addresses;
  readonly traffic: Traffic;
};

export type Scene = {
  readonly plan: Plan;
  readonly fact: () => Fact | undefined;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** The body of an object in the bucket. */
  readonly stored: (key: string) => string | undefined;
  /** What is simulated; absent until it is there. */
  readonly world: () => SceneWorld | undefined;
};

/** Whether a call has put an object into the bucket, under this key. */
export const wrote = (call: Observed, key: string): boolean =>
  call.service === "s3" && call.mutating && call.outcome === "applied" && call.subject === key;

/** Calls that change the platform or its DNS: what the journal has to know of before. */
export const changesPlatform = (call: Observed): boolean =>
  call.mutating &&
  call.outcome === "applied" &&
  (call.service === "kubernetes" || call.service === "route53" || call.service === "eks");
