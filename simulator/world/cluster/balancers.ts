/** Load balancers of Services and Ingresses: made some time after the object, each under a name that depends on the side and the Service only. */

import type { KubeObject } from "../../../domain/kube.ts";
import type { Side } from "../../../domain/phases.ts";
import { makeRandom } from "../../random.ts";
import { at, fieldsAt, isDeleting, labelsOf, pathOf, textAt, uidOf } from "./fields.ts";
import type { Machine } from "./machine.ts";
import { feltMs } from "./slowness.ts";

/** A load balancer as DNS and the clients know it. */
export type Balancer = {
  readonly hostname: string;
  readonly namespace: string;
  readonly service: string;
};

/** The public name of a Service's load balancer: `k8s-shop-cart-1f2e3d4c5b.elb.amazonaws.com`. */
export const loadBalancerName = (side: Side, namespace: string, service: string): string => {
  const part = (text: string) => text.replace(/[^a-z0-9]/g, "").slice(0, 8);
  const hash = makeRandom(0).fork(`${side}/${namespace}/${service}`).id().slice(0, 10);
  return `k8s-${part(namespace)}-${part(service)}-${hash}.elb.amazonaws.com`;
};

const MAKE_MIN_MS = 30_000;
const MAKE_MAX_MS = 90_000;

/** Images and labels by which an ingress controller is known: its own Service's balancer is the address of its Ingresses. */
const CONTROLLERS =
  /ingress-nginx|nginx-ingress|traefik|haproxy-ingress|contour|envoy-gateway|kong|istio-ingress/;

export class Balancers {
  readonly #machine: Machine;
  readonly #exposed: ReadonlySet<string>;
  /** `namespace/service` → its balancer, once it is there. */
  readonly #made = new Map<string, Balancer>();
  readonly #loaded: (() => void)[] = [];

  constructor(machine: Machine, exposed: ReadonlySet<string>) {
    this.#machine = machine;
    this.#exposed = exposed;
    machine.store.onChange(({ key, before, after }) => {
      if (key === "services" && after && !isDeleting(after)) this.#wanted(after);
      if (key === "services" && before && !after) {
        this.#made.delete(pathOf(before));
        machine.changed(before.metadata.namespace ?? "");
      }
      if (key === "ingresses.networking.k8s.io" && after && !before)
        this.#later(after, (live) => this.#address(live));
    });
  }

  /** Everything that was there from the start has its balancer at once. */
  settle(): void {
    for (const make of this.#loaded.splice(0)) make();
  }

  /** The balancer of a Service, undefined while it has none. */
  of(namespace: string, service: string): Balancer | undefined {
    return this.#made.get(`${namespace}/${service}`);
  }

  #wanted(service: KubeObject): void {
    const typed = at(service, "spec", "type") === "LoadBalancer";
    if (!(typed || this.#exposed.has(pathOf(service))) || this.#made.has(pathOf(service))) return;
    this.#later(service, (live) => this.#make(live));
  }

  #later(object: KubeObject, run: (live: KubeObject) => void): void {
    const { clock, store, random, slowness } = this.#machine;
    const again = () => {
      const live = store.byUid(uidOf(object))?.object;
      if (live && !isDeleting(live)) run(live);
    };
    if (this.#machine.loading()) this.#loaded.push(again);
    else
      clock.after(
        Math.round(random.fork(`balancer ${pathOf(object)}`).between(MAKE_MIN_MS, MAKE_MAX_MS)) +
          feltMs(slowness, slowness.balancerSeconds),
        again,
      );
  }

  #make(service: KubeObject): void {
    const { side, registry } = this.#machine;
    if (this.#made.has(pathOf(service))) return;
    const namespace = service.metadata.namespace ?? "";
    const hostname = loadBalancerName(side, namespace, service.metadata.name);
    this.#made.set(pathOf(service), { hostname, namespace, service: service.metadata.name });
    registry.setStatus("services", service, {
      ...fieldsAt(service, "status"),
      loadBalancer: { ingress: [{ hostname }] },
    });
    this.#machine.changed(namespace);
  }

  /** An Ingress is reached through its controller's balancer; where none is found, through one of its own. */
  #address(ingress: KubeObject): void {
    const { side, registry, store } = this.#machine;
    const controller = store
      .list("services")
      .find((s) => at(s, "spec", "type") === "LoadBalancer" && this.#isController(s));
    const namespace = ingress.metadata.namespace ?? "";
    const hostname = controller
      ? loadBalancerName(side, controller.metadata.namespace ?? "", controller.metadata.name)
      : loadBalancerName(side, namespace, ingress.metadata.name);
    registry.setStatus("ingresses.networking.k8s.io", ingress, { loadBalancer: { ingress: [{ hostname }] } });
  }

  #isController(service: KubeObject): boolean {
    const labels = labelsOf(service);
    const said = [
      labels["app.kubernetes.io/name"],
      labels["app"],
      service.metadata.name,
      textAt(service, "spec", "selector", "app"),
    ];
    return said.some((text) => text !== undefined && CONTROLLERS.test(text));
  }
}
