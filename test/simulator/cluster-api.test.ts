/** What only the simulated API server can show: denied rights, server-side apply, expired tokens, evictions, clusters that come and go. */

import { describe, expect, test } from "vitest";
import { makeKubernetes, statusOf } from "../../adapters/kubernetes.ts";
import { AnswerLost, Conflict, Forbidden, Invalid, Throttled, Transient } from "../../domain/errors.ts";
import type { KubeObject } from "../../domain/kube.ts";
import { Clock } from "../../simulator/clock.ts";
import { makeRandom } from "../../simulator/random.ts";
import { loadBalancerName, makeBackupStorage, makeCluster } from "../../simulator/world/cluster/index.ts";
import {
  CALLER,
  clientOf,
  deployment,
  deploymentRef,
  makeWorld,
  object,
  POOL,
  podSpec,
  podsOf,
  readyPods,
  ref,
  STARTS_AT,
  service,
} from "./cluster-fixtures.ts";

const failure = async (act: Promise<unknown>): Promise<unknown> =>
  act.then(
    () => "it was accepted",
    (error: unknown) => error,
  );

describe("permissions", () => {
  test("what wasn't granted is refused in the real server's words", async () => {
    const { clientAs } = makeWorld({ objects: [deployment("cart", 1)] });
    const asked: string[] = [];
    const kube = clientAs({
      user: "repot-scale-workload",
      mayKubernetes: (side, verb, resource) => {
        asked.push(`${side} ${verb} ${resource}`);
        return verb === "get";
      },
    });
    await kube.get(deploymentRef("cart"));
    const error = await failure(kube.scale(deploymentRef("cart"), 2));
    expect(error).toBeInstanceOf(Forbidden);
    expect(statusOf(error)).toMatchObject({
      code: 403,
      message:
        'deployments.apps "cart" is forbidden: User "repot-scale-workload" cannot patch resource "deployments/scale" in API group "apps" in the namespace "shop"',
    });
    const list = await failure(kube.list({ apiVersion: "v1", kind: "Node" }));
    expect(statusOf(list)?.message).toBe(
      'nodes is forbidden: User "repot-scale-workload" cannot list resource "nodes" in API group "" at the cluster scope',
    );
    expect(asked).toEqual(["source get deployments", "source patch deployments/scale", "source list nodes"]);
  });

  test("an apply that would create needs the right to create as well", async () => {
    const { clientAs } = makeWorld({ objects: [deployment("cart", 1)] });
    const kube = clientAs({ mayKubernetes: (_side, verb) => verb === "patch" });
    await expect(kube.apply(object("v1", "ConfigMap", "new", { data: {} }))).rejects.toBeInstanceOf(
      Forbidden,
    );
  });
});

describe("server-side apply", () => {
  const config = (data: Readonly<Record<string, string>>): KubeObject =>
    object("v1", "ConfigMap", "shared", { data });
  const it = ref("v1", "ConfigMap", "shared");
  const world = () => makeWorld({ objects: [deployment("cart", 1)] });

  test("another manager's field is a conflict that names it, unless forced", async () => {
    const { kube } = world();
    await kube.apply(config({ a: "1" }), { fieldManager: "one" });
    const error = await failure(kube.apply(config({ a: "2" }), { fieldManager: "two" }));
    expect(error).toBeInstanceOf(Conflict);
    expect(statusOf(error)?.message).toBe('Apply failed with 1 conflict: conflict with "one": .data.a');
    const forced = await kube.apply(config({ a: "2" }), { fieldManager: "two", force: true });
    expect(forced["data"]).toEqual({ a: "2" });
    await expect(kube.apply(config({ a: "3" }), { fieldManager: "one" })).rejects.toBeInstanceOf(Conflict);
  });

  test("the same value of two managers is no conflict, and belongs to both", async () => {
    const { kube } = world();
    await kube.apply(config({ a: "1" }), { fieldManager: "one" });
    await kube.apply(config({ a: "1" }), { fieldManager: "two" });
    await kube.apply(config({}), { fieldManager: "one" });
    expect((await kube.get(it))["data"]).toEqual({ a: "1" });
  });

  test("what a manager applies no longer goes; what others own stays", async () => {
    const { kube } = world();
    await kube.apply(config({ a: "1", b: "1" }), { fieldManager: "one" });
    await kube.mergePatch(it, { data: { c: "3" } }, { fieldManager: "hand" });
    await kube.apply(config({ a: "1" }), { fieldManager: "one" });
    expect((await kube.get(it))["data"]).toEqual({ a: "1", c: "3" });
  });

  test("an object that nobody tracked belongs to those before", async () => {
    const { kube } = world();
    const wanted = {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name: "cart", namespace: "shop" },
      spec: { replicas: 5 },
    };
    const error = await failure(kube.apply(wanted));
    expect(statusOf(error)?.message).toContain(
      'conflict with "before-first-apply" using apps/v1 at 2026-01-05T08:00:00Z: .spec.replicas',
    );
  });

  test("containers merge by name", async () => {
    const { kube } = world();
    const image = (name: string, tag: string) => ({
      template: { spec: { containers: [{ name, image: `registry.test/app:${tag}` }] } },
    });
    const wanted = {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name: "cart", namespace: "shop" },
    };
    const after = await kube.apply({ ...wanted, spec: image("sidecar", "9") }, { fieldManager: "mesh" });
    expect(JSON.stringify(after["spec"])).toContain("registry.test/app:1");
    expect(JSON.stringify(after["spec"])).toContain("registry.test/app:9");
    const dropped = await kube.apply(
      { ...wanted, metadata: { ...wanted.metadata, labels: { kept: "x" } } },
      { fieldManager: "mesh" },
    );
    expect(JSON.stringify(dropped["spec"])).not.toContain("sidecar");
  });

  test("a field that no schema knows is the server's error 500", async () => {
    const { kube } = world();
    const wanted = {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name: "cart", namespace: "shop" },
      spec: { replica: 5 },
    };
    const error = await failure(kube.apply(wanted, { force: true }));
    expect(error).toBeInstanceOf(Transient);
    expect(statusOf(error)).toMatchObject({ code: 500 });
    expect(statusOf(error)?.message).toContain(".spec.replica: field not declared in schema");
  });

  test("an apply that names no manager is refused", async () => {
    const { cluster } = world();
    const response = cluster.api(
      {
        method: "PATCH",
        url: "https://k.test/api/v1/namespaces/shop/configmaps/x",
        headers: { "content-type": "application/apply-patch+yaml" },
        body: JSON.stringify(config({})),
      },
      CALLER,
    );
    expect(response.status).toBe(400);
  });
});

describe("lists that take too long", () => {
  test("a continue token expires with 410", async () => {
    const { cluster, wait, kube } = makeWorld({
      objects: [deployment("a", 1), deployment("b", 1), deployment("c", 1)],
    });
    const get = (query: string) =>
      cluster.api(
        { method: "GET", url: `https://k.test/apis/apps/v1/deployments?limit=1${query}`, headers: {} },
        CALLER,
      );
    const token = encodeURIComponent(JSON.parse(get("").body).metadata.continue);
    expect(get(`&continue=${token}`).status).toBe(200);
    wait(400);
    const late = get(`&continue=${token}`);
    expect([late.status, JSON.parse(late.body).reason]).toEqual([410, "Expired"]);
    expect((await kube.list({ apiVersion: "apps/v1", kind: "Deployment" })).length).toBe(3);
  });
});

describe("evictions", () => {
  const budget = object("policy/v1", "PodDisruptionBudget", "cart", {
    spec: { minAvailable: 2, selector: { matchLabels: { app: "cart" } } },
  });
  const evict = (world: ReturnType<typeof makeWorld>, name: string) =>
    makeKubernetes({
      baseUrl: "https://k.test",
      http: async (request) =>
        world.cluster.api(
          { ...request, method: "POST", url: `${request.url.split("?")[0]}/eviction` },
          CALLER,
        ),
    }).mergePatch(ref("v1", "Pod", name), { apiVersion: "policy/v1", kind: "Eviction", metadata: { name } });

  test("stop with 429 where the budget is spent; deleting and scaling pass it by", async () => {
    const world = makeWorld({ objects: [deployment("cart", 3), budget] });
    const [first, second, third] = podsOf(world.cluster, "cart").map((p) => p.name);
    await evict(world, first ?? "");
    const error = await failure(evict(world, second ?? ""));
    expect(error).toBeInstanceOf(Throttled);
    expect(statusOf(error)?.message).toContain("violate the pod's disruption budget");
    await world.kube.remove(ref("v1", "Pod", third ?? ""));
    await world.kube.scale(deploymentRef("cart"), 0);
    world.wait(120);
    expect(podsOf(world.cluster, "cart")).toEqual([]);
  });
});

describe("a cluster that comes and goes", () => {
  const build = () => {
    const clock = new Clock(STARTS_AT);
    const settings = {
      name: "new",
      kubernetesVersion: "1.33",
      nodePools: [POOL],
      egressAddresses: ["192.0.2.1"],
    };
    const common = {
      clock,
      random: makeRandom(1),
      settings,
      objects: [],
      exposed: new Set<string>(),
      velero: makeBackupStorage(),
      emit: () => {},
    };
    return { clock, cluster: makeCluster({ ...common, side: "target", exists: false }) };
  };

  test("doesn't answer before it is created, nor after it is destroyed", async () => {
    const { clock, cluster } = build();
    const kube = clientOf(cluster);
    await expect(kube.version()).rejects.toBeInstanceOf(AnswerLost);
    cluster.create();
    clock.advanceTo(clock.now() + 30_000);
    expect((await kube.list({ apiVersion: "v1", kind: "Node" })).length).toBe(0);
    clock.advanceTo(clock.now() + 60_000);
    expect((await kube.list({ apiVersion: "v1", kind: "Node" })).length).toBe(2);
    cluster.destroy();
    expect(cluster.exists()).toBe(false);
    await expect(kube.version()).rejects.toBeInstanceOf(AnswerLost);
    clock.advanceTo(clock.now() + 600_000);
    expect(cluster.pods()).toEqual([]);
  });

  test("knows only the kinds that every cluster knows", async () => {
    const { cluster } = build();
    cluster.create();
    expect(await clientOf(cluster).knows({ apiVersion: "keda.sh/v1alpha1", kind: "ScaledObject" })).toBe(
      false,
    );
  });
});

describe("load balancers", () => {
  test("of the source are there at once; new ones come later, under a name that depends on side and Service only", async () => {
    const old = service("web", { type: "LoadBalancer" });
    const { kube, cluster, wait } = makeWorld({
      objects: [deployment("cart", 1), old, service("cart")],
      exposed: ["shop/cart"],
    });
    const hostname = loadBalancerName("source", "shop", "web");
    expect((await kube.get(ref("v1", "Service", "web")))["status"]).toEqual({
      loadBalancer: { ingress: [{ hostname }] },
    });
    expect(cluster.balancer("shop", "cart")?.hostname).toBe(loadBalancerName("source", "shop", "cart"));
    await kube.create(service("late", { type: "LoadBalancer" }));
    wait(10);
    expect(cluster.balancer("shop", "late")).toBeUndefined();
    wait(120);
    expect(cluster.balancer("shop", "late")?.hostname).toMatch(
      /^k8s-shop-late-[0-9a-f]{10}\.elb\.amazonaws\.com$/,
    );
    expect(loadBalancerName("target", "shop", "web")).not.toBe(hostname);
  });
});

test("volumes: a claim of an unknown class keeps its pod from starting", async () => {
  const pod = (name: string) =>
    podSpec({}, { volumes: [{ name: "data", persistentVolumeClaim: { claimName: name } }] });
  const claim = (name: string, storageClassName: string) =>
    object("v1", "PersistentVolumeClaim", name, {
      spec: { storageClassName, accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } },
    });
  const { kube, cluster, wait } = makeWorld({
    objects: [deployment("old", 1, pod("old")), claim("old", "fast")],
  });
  expect(readyPods(cluster, "old")).toBe(1);
  await kube.create(claim("good", "fast"));
  await kube.create(claim("bad", "unheard-of"));
  await kube.create(deployment("good", 1, pod("good")));
  await kube.create(deployment("bad", 1, pod("bad")));
  wait(3_600);
  expect([readyPods(cluster, "good"), readyPods(cluster, "bad")]).toEqual([1, 0]);
});

test("a namespace that is deleted refuses newcomers and takes everything in it along", async () => {
  const { kube, wait } = makeWorld({ objects: [deployment("cart", 2)] });
  await kube.remove({ apiVersion: "v1", kind: "Namespace", name: "shop" });
  const error = await failure(kube.create(object("v1", "ConfigMap", "late")));
  expect(statusOf(error)?.message).toContain("because it is being terminated");
  wait(300);
  expect(await kube.find({ apiVersion: "v1", kind: "Namespace", name: "shop" })).toBeUndefined();
  expect(await kube.find(deploymentRef("cart"))).toBeUndefined();
});

test("a write below the API is judged like any other: a quota stops a ReplicaSet from making pods, and it says so", async () => {
  const quota = object("v1", "ResourceQuota", "pods", { spec: { hard: { pods: "2" } } });
  const { kube, cluster, wait } = makeWorld({ objects: [deployment("cart", 2), quota] });
  await kube.scale(deploymentRef("cart"), 4);
  wait(120);
  expect(readyPods(cluster, "cart")).toBe(2);
  const conditions = (await kube.get(deploymentRef("cart")))["status"];
  expect(JSON.stringify(conditions)).toContain("exceeded quota: pods");
  await kube.remove(ref("v1", "ResourceQuota", "pods"));
  wait(120);
  expect(readyPods(cluster, "cart")).toBe(4);
  await expect(kube.scale(deploymentRef("cart"), -2)).rejects.toBeInstanceOf(Invalid);
});
