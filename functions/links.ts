/** Services that lead to the other cluster for a while: a load balancer there, and the Service of the same name pointing at it here. */

import { fieldOf } from "../adapters/effects/fields.ts";
import { ours } from "../domain/bundle.ts";
import { NotFound, Transient } from "../domain/errors.ts";
import type { KubeObject, Ref } from "../domain/kube.ts";
import { otherSide, type Side } from "../domain/phases.ts";
import type { Plan } from "../domain/plan.ts";
import { at } from "../domain/pods.ts";
import { hostnameOf } from "./balancers.ts";
import type { Named } from "./batch.ts";
import { createObject, setField } from "./objects.ts";
import { kubernetesOf, type Run } from "./run.ts";
import type { Context } from "./step.ts";

export type Link = NonNullable<Plan["links"]>[number];

export const LINK_RIGHTS = ["get services", "create services", "patch services"] as const;

export const serviceRef = (service: string, suffix = ""): Ref => {
  const [namespace = "default", name = ""] = service.split("/");
  return { apiVersion: "v1", kind: "Service", namespace, name: `${name}${suffix}` };
};

/** The name of a link's balancer is the Service's with this behind it. */
export const BALANCER_SUFFIX = "-repot";

/** Internal, by address of the pods: both clusters share the VPC. */
const INTERNAL = {
  "service.beta.kubernetes.io/aws-load-balancer-type": "external",
  "service.beta.kubernetes.io/aws-load-balancer-scheme": "internal",
  "service.beta.kubernetes.io/aws-load-balancer-nlb-target-type": "ip",
} as const;

/** The load balancer in front of the pods that stay (or will come): same selector, same ports, a name of its own. */
const balancerFor = (migration: string, original: KubeObject): KubeObject => {
  const ports = at(original, "spec", "ports");
  return ours(migration, {
    apiVersion: "v1",
    kind: "Service",
    metadata: {
      name: `${original.metadata.name}${BALANCER_SUFFIX}`,
      namespace: original.metadata.namespace ?? "default",
      annotations: INTERNAL,
    },
    spec: {
      type: "LoadBalancer",
      selector: at(original, "spec", "selector") ?? {},
      ports: (Array.isArray(ports) ? ports : []).map(
        ({ nodePort: _node, ...port }: Readonly<Record<string, unknown>>) => port,
      ),
    },
  });
};

/** The balancer's Service, on the side where the pods are. */
export const balancerEffect = async (context: Context, run: Run, link: Link): Promise<Named> => {
  const side = otherSide(link.on);
  const original = await kubernetesOf(context, side).get(serviceRef(link.service));
  return { move: "0.balancer", effect: createObject(side, balancerFor(run.migration, original)) };
};

/**
 * The Service of the same name points at the balancer: first where to, then that it does.
 * @throws Transient while the balancer has no name; the state machine asks again.
 */
export const pointingEffects = async (context: Context, link: Link): Promise<readonly Named[]> => {
  const hostname = await nameOfBalancer(context, otherSide(link.on), link.service);
  const ref = serviceRef(link.service);
  const now = await kubernetesOf(context, link.on).get(ref);
  const set = (order: number, field: string, after: string): Named => ({
    move: `${order}.${field}`,
    effect: setField(link.on, ref, ["spec", field], fieldOf(now, ["spec", field]), after),
  });
  return [set(1, "externalName", hostname), set(2, "type", "ExternalName")];
};

const nameOfBalancer = async (context: Context, side: Side, service: string): Promise<string> => {
  const balancer = await kubernetesOf(context, side).find(serviceRef(service, BALANCER_SUFFIX));
  if (!balancer)
    throw new NotFound(
      `Service ${service}${BALANCER_SUFFIX} isn't on the ${side}; link-services creates it.`,
    );
  const hostname = hostnameOf(balancer);
  if (hostname === undefined)
    throw new Transient(
      `The load balancer of Service ${service}${BALANCER_SUFFIX} on the ${side} has no name yet; it is asked again.`,
    );
  return hostname;
};
