/**
 * The seams between the parts of the simulated world. Each part is synchronous and event-driven over the virtual clock; only the
 * services in front of it are seen by the functions, and those know nothing but the wire.
 */

import type { HttpRequest, HttpResponse } from "../../adapters/http.ts";
import type { Unstamped } from "../../domain/events.ts";
import type { KubeObject, Ref } from "../../domain/kube.ts";
import type { Side } from "../../domain/phases.ts";

/** Who makes a call: a step of ours (held to its declared needs), or somebody else of the world (held to RBAC-like rights). */
export type Caller = {
  /** The step's name, or the actor's: `deploy-cart`, `developer:checkout-team`. */
  readonly name: string;
  readonly kind: "step" | "actor" | "controller";
  /** As admission sees it. */
  readonly user: string;
  readonly groups: readonly string[];
  /** Whether a Kubernetes verb on a resource (`patch deployments/scale`) was granted on this side. */
  readonly mayKubernetes: (side: Side, verb: string, resource: string, namespace?: string) => boolean;
};

/** A simulated HTTP API: answers at once; latency, faults and permissions of AWS calls are the seam's business. */
export type HttpService = (request: HttpRequest, caller: Caller) => HttpResponse;

/** Something that the record of the run should say. */
export type Emit = (event: Unstamped) => void;

/** One simulated pod as traffic, queues and connection limits see it. */
export type PodView = {
  readonly namespace: string;
  readonly name: string;
  /** `namespace/name` of the Deployment, StatefulSet … that owns it at the top; the pod's own where nothing does. */
  readonly workload: string;
  /** Started and passing its readiness probe. */
  readonly ready: boolean;
  /** Its process accepts connections: from started until it exits, also while terminating and draining. */
  readonly accepting: boolean;
  /** Being deleted: SIGTERM was sent. */
  readonly terminating: boolean;
  /** Its IP address; empty until it has started. Other clusters have others. */
  readonly address: string;
  /** Its process never got SIGTERM and goes on as before. */
  readonly hanging?: boolean;
};

/** What stands behind a Service as its load balancer knows it, a little late. */
export type EndpointView = { readonly pod: PodView };

/** Where a cluster changed. */
export type Changed = { readonly namespaces: ReadonlySet<string> };

/** A simulated cluster: objects behind an API, controllers and a scheduler that act on them. */
export type Cluster = {
  readonly side: Side;
  /** The Kubernetes API of this cluster, as HTTP. Refuses like the real one: 401, 403, 404, 405, 409, 410, 422, 429. */
  readonly api: HttpService;
  /** Whether the cluster exists (the target doesn't before it was created): else no answer comes from it. */
  readonly exists: () => boolean;
  /** The world's own look at an object, and at all; never used on behalf of a step. */
  readonly get: (ref: Ref) => KubeObject | undefined;
  readonly all: () => readonly KubeObject[];
  /** The objects of one kind; the same list for as long as none of them changes. */
  readonly list: (kind: Pick<Ref, "apiVersion" | "kind">) => readonly KubeObject[];
  readonly pods: () => readonly PodView[];
  /** Endpoints of a Service, as the balancers have them now (updates lag by a second or two); undefined where there is no such Service.
   *  A Service of type ExternalName has none of its own: `externalName` says where it leads. */
  readonly endpoints: (
    namespace: string,
    service: string,
  ) => { readonly pods: readonly PodView[]; readonly externalName?: string } | undefined;
  /** The pods of one namespace. */
  readonly podsIn: (namespace: string) => readonly PodView[];
  /** Called after anything changed that endpoints, pods or Services depend on; with the namespaces in which any object did, where it isn't all of them. */
  readonly onChange: (listener: (change?: Changed) => void) => void;
};

/** Where the clients of a host end up, by what their resolvers hold. Shares sum to 1. */
export type HostShares = { readonly source: number; readonly target: number; readonly nowhere: number };

/** Authoritative servers, delegation, and the resolvers of the clients. */
export type DnsWorld = {
  /** One question in wire format to one name server; undefined where that server doesn't answer. */
  readonly answer: (server: string, message: Uint8Array) => Uint8Array | undefined;
  readonly shares: (host: string) => HostShares;
  /** By resolver class, the share of its clients that go to the target: for the record's traffic lines. */
  readonly targetShareByClass: () => Readonly<Record<string, number>>;
  readonly onChange: (listener: () => void) => void;
};

/** The clients, their requests, and what becomes of them. Integrated exactly between changes. */
export type Traffic = {
  /** Brings the integrals up to now. */
  readonly settle: () => void;
  /** Total so far. Failed counts what the control run answered and this run didn't. */
  readonly totals: () => {
    readonly served: number;
    readonly failed: number;
    readonly paused: number;
    readonly failedAnyway: number;
  };
  /** Requests a second that enter a cluster now, and connections still open to it from before. */
  readonly arriving: (side: Side) => { readonly requestsPerSecond: number; readonly openConnections: number };
  /** Says that attempts that need this workload count as paused from now until `seconds` have gone by. */
  readonly announcePause: (workload: string, seconds: number) => void;
};
