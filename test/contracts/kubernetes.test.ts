/** The contract of the Kubernetes API that Repot relies on, refusals first, over our own client and the bare wire. */

import { beforeAll, describe, expect, test } from "vitest";
import { isAlreadyExists, statusOf } from "../../adapters/kubernetes.ts";
import { Conflict, Invalid, NotFound, Transient } from "../../domain/errors.ts";
import type { KubeObject } from "../../domain/kube.ts";
import { deployment, object, podSpec, ref } from "../simulator/cluster-fixtures.ts";
import { SERVERS, type Server, statusIn } from "./kubernetes-servers.ts";

/** Each contract works in a namespace of its own, so that a real server may be used again and again. */
const inNamespace = async (server: Server): Promise<string> => {
  const made = await server.raw("POST", "/api/v1/namespaces", {
    apiVersion: "v1",
    kind: "Namespace",
    metadata: { generateName: "contract-" },
  });
  const { metadata } = JSON.parse(made.body) as { metadata: { name: string } };
  const account = ref("v1", "ServiceAccount", "default", metadata.name);
  await server.eventually(async () => (await server.kube.find(account)) !== undefined);
  return metadata.name;
};

const configMap = (namespace: string, name: string, data: Readonly<Record<string, string>> = {}) =>
  object("v1", "ConfigMap", name, { data }, namespace);
const inside = (namespace: string, name: string, replicas = 0): KubeObject => {
  const made = deployment(name, replicas);
  return { ...made, metadata: { ...made.metadata, namespace } };
};
const failure = async (act: Promise<unknown>): Promise<unknown> =>
  act.then(
    () => "it was accepted",
    (error: unknown) => error,
  );

describe.each(SERVERS.map((make) => make()))("$name", (server) => {
  const { kube, raw } = server;
  let ns = "";
  beforeAll(async () => {
    ns = await inNamespace(server);
  });
  const cm = (name: string) => ref("v1", "ConfigMap", name, ns);
  const path = (name = "") => `/api/v1/namespaces/${ns}/configmaps${name === "" ? "" : `/${name}`}`;

  describe("says which thing is not there", () => {
    test("an object", async () => {
      const error = await failure(kube.get(cm("absent")));
      expect(error).toBeInstanceOf(NotFound);
      expect(statusOf(error)).toMatchObject({
        code: 404,
        reason: "NotFound",
        message: 'configmaps "absent" not found',
      });
      expect(await kube.find(cm("absent"))).toBeUndefined();
    });
    test("a namespace to create in", async () => {
      const error = await failure(kube.create(configMap("no-such-namespace", "x")));
      expect(statusOf(error)).toMatchObject({
        code: 404,
        message: 'namespaces "no-such-namespace" not found',
      });
    });
    test("a kind, which is not the same as an object", async () => {
      expect((await raw("GET", "/apis/example.test/v1/gadgets")).status).toBe(404);
      expect((await raw("GET", "/apis/apps/v1/gadgets")).status).toBe(404);
      await expect(kube.find(ref("example.test/v1", "Gadget", "x", ns))).rejects.toBeInstanceOf(NotFound);
      expect(await kube.knows({ apiVersion: "example.test/v1", kind: "Gadget" })).toBe(false);
      expect(await kube.knows({ apiVersion: "apps/v1", kind: "Deployment" })).toBe(true);
    });
  });

  describe("refuses what is stale or taken", () => {
    test("a name that exists", async () => {
      await kube.create(configMap(ns, "taken"));
      const error = await failure(kube.create(configMap(ns, "taken")));
      expect(error).toBeInstanceOf(Conflict);
      expect(isAlreadyExists(error)).toBe(true);
      expect(statusOf(error)?.message).toBe('configmaps "taken" already exists');
    });
    test("a replace of an old version", async () => {
      const first = await kube.create(configMap(ns, "versions", { a: "1" }));
      const second = await kube.replace({ ...first, data: { a: "2" } });
      expect(second.metadata["resourceVersion"]).not.toBe(first.metadata["resourceVersion"]);
      const error = await failure(kube.replace({ ...first, data: { a: "3" } }));
      expect(error).toBeInstanceOf(Conflict);
      expect(isAlreadyExists(error)).toBe(false);
      expect(statusOf(error)?.message).toContain(
        "the object has been modified; please apply your changes to the latest version",
      );
    });
    test("a merge patch that carries an old version", async () => {
      const made = await kube.create(configMap(ns, "patched", { a: "1" }));
      await kube.mergePatch(cm("patched"), { data: { a: "2" } });
      const stale = {
        metadata: { resourceVersion: String(made.metadata["resourceVersion"]) },
        data: { a: "3" },
      };
      await expect(kube.mergePatch(cm("patched"), stale)).rejects.toBeInstanceOf(Conflict);
    });
    test("the deletion of a namesake", async () => {
      await kube.create(configMap(ns, "namesake"));
      const error = await failure(
        kube.remove(cm("namesake"), { uid: "11111111-1111-4111-a111-111111111111" }),
      );
      expect(error).toBeInstanceOf(Conflict);
      expect(statusOf(error)?.message).toContain("Precondition failed: UID in precondition");
      expect(await kube.find(cm("namesake"))).toBeDefined();
    });
    test("a JSON patch whose test doesn't hold, with 422 and no words of its own", async () => {
      await kube.create(configMap(ns, "tested", { a: "1" }));
      const patch = [
        { op: "test" as const, path: "/data/a", value: "other" },
        { op: "replace" as const, path: "/data/a", value: "2" },
      ];
      const answer = await raw("PATCH", path("tested"), patch, "application/json-patch+json");
      expect(statusIn(answer)).toEqual({
        code: 422,
        reason: "Invalid",
        message: "the server rejected our request due to an error in our request",
      });
      await expect(kube.jsonPatch(cm("tested"), patch)).rejects.toBeInstanceOf(Conflict);
      expect((await kube.get(cm("tested")))["data"]).toEqual({ a: "1" });
    });
    test("a scale that isn't what we think", async () => {
      await kube.create(inside(ns, "scaled", 0));
      const it = ref("apps/v1", "Deployment", "scaled", ns);
      expect(await kube.readScale(it)).toEqual({ wanted: 0, actual: 0 });
      await expect(kube.scale(it, 2, { from: 5 })).rejects.toBeInstanceOf(Conflict);
      expect(await kube.scale(it, 1, { from: 0, dryRun: true })).toBe(1);
      expect((await kube.readScale(it)).wanted).toBe(0);
    });
    test("a scale of an old version", async () => {
      await kube.create(inside(ns, "rescaled", 0));
      const at = `/apis/apps/v1/namespaces/${ns}/deployments/rescaled/scale`;
      const read = JSON.parse((await raw("GET", at)).body) as object;
      await kube.scale(ref("apps/v1", "Deployment", "rescaled", ns), 1);
      const answer = await raw("PUT", at, { ...read, spec: { replicas: 0 } });
      expect(statusIn(answer)).toMatchObject({ code: 409, reason: "Conflict" });
    });
  });

  describe("refuses what is malformed", () => {
    const post = (body: unknown) =>
      raw("POST", `/apis/apps/v1/namespaces/${ns}/deployments`, body).then(statusIn);

    test("a selector that doesn't take its own pods", async () => {
      const bad = inside(ns, "bad");
      const spec = { ...(bad["spec"] as object), selector: { matchLabels: { app: "other" } } };
      const { code, reason, message } = await post({ ...bad, spec });
      expect([code, reason]).toEqual([422, "Invalid"]);
      expect(message).toContain("`selector` does not match template `labels`");
    });
    test("no containers", async () => {
      const bad = inside(ns, "bad");
      const template = { metadata: { labels: { app: "bad" } }, spec: { containers: [] } };
      expect(await post({ ...bad, spec: { ...(bad["spec"] as object), template } })).toMatchObject({
        code: 422,
      });
    });
    test("a name with capitals", async () => {
      expect((await failure(kube.create(configMap(ns, "Wrong")))) instanceof Invalid).toBe(true);
    });
    test("a selector that changes", async () => {
      await kube.create(inside(ns, "fixed"));
      const patch = {
        spec: {
          selector: { matchLabels: { app: "fixed", more: "x" } },
          template: { metadata: { labels: { more: "x" } } },
        },
      };
      const error = await failure(kube.mergePatch(ref("apps/v1", "Deployment", "fixed", ns), patch));
      expect(error).toBeInstanceOf(Invalid);
      expect(statusOf(error)?.message).toContain("field is immutable");
    });
    test("a negative replica count", async () => {
      await kube.create(inside(ns, "negative"));
      await expect(kube.scale(ref("apps/v1", "Deployment", "negative", ns), -1)).rejects.toBeInstanceOf(
        Invalid,
      );
    });
    test("a body that isn't JSON, another namespace than the path's, and an unknown patch type", async () => {
      expect((await raw("POST", path(), "{nonsense")).status).toBe(400);
      expect((await raw("POST", path(), configMap("elsewhere", "x"))).status).toBe(400);
      await kube.create(configMap(ns, "typed"));
      expect((await raw("PATCH", path("typed"), {}, "application/json")).status).toBe(415);
    });
    test("a method that the place doesn't take", async () => {
      expect(statusIn(await raw("PUT", path(), configMap(ns, "x")))).toMatchObject({
        code: 405,
        reason: "MethodNotAllowed",
      });
    });
    test("a cron schedule that is none, and a time zone that is none", async () => {
      const cron = (spec: object) =>
        raw("POST", `/apis/batch/v1/namespaces/${ns}/cronjobs`, {
          apiVersion: "batch/v1",
          kind: "CronJob",
          metadata: { name: "tick" },
          spec: {
            schedule: "0 * * * *",
            jobTemplate: { spec: { template: { spec: podSpec({}, { restartPolicy: "Never" }) } } },
            ...spec,
          },
        });
      expect((await cron({ schedule: "every day" })).status).toBe(422);
      expect((await cron({ timeZone: "Mars/Olympus" })).status).toBe(422);
      expect((await cron({ timeZone: "Europe/Berlin" })).status).toBe(201);
    });
  });

  describe("keeps the metadata of an object", () => {
    test("a dry run checks everything and changes nothing", async () => {
      const seen = await kube.create(configMap(ns, "dry"), { dryRun: true });
      expect(seen.metadata.name).toBe("dry");
      expect(await kube.find(cm("dry"))).toBeUndefined();
      await kube.create(configMap(ns, "dry"));
      await expect(kube.create(configMap(ns, "dry"), { dryRun: true })).rejects.toBeInstanceOf(Conflict);
      await kube.remove(cm("dry"), { dryRun: true });
      expect(await kube.find(cm("dry"))).toBeDefined();
    });
    test("what changes nothing gets no new version", async () => {
      const made = await kube.create(configMap(ns, "same", { a: "1" }));
      const again = await kube.mergePatch(cm("same"), { data: { a: "1" } });
      expect(again.metadata["resourceVersion"]).toBe(made.metadata["resourceVersion"]);
    });
    test("the generation counts changes of spec, not of labels", async () => {
      await kube.create(inside(ns, "generations"));
      const it = ref("apps/v1", "Deployment", "generations", ns);
      const labelled = await kube.mergePatch(it, { metadata: { labels: { a: "b" } } });
      expect(labelled.metadata["generation"]).toBe(1);
      const changed = await kube.mergePatch(it, { spec: { minReadySeconds: 1 } });
      expect(changed.metadata["generation"]).toBe(2);
    });
    test("defaults are filled in", async () => {
      const { replicas: _, ...spec } = inside(ns, "defaults")["spec"] as Record<string, unknown>;
      const made = await kube.create({ ...inside(ns, "defaults"), spec });
      expect(made["spec"]).toMatchObject({
        replicas: 1,
        progressDeadlineSeconds: 600,
        strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: "25%", maxUnavailable: "25%" } },
        template: { spec: { restartPolicy: "Always", terminationGracePeriodSeconds: 30 } },
      });
    });
    test("status is not written through the object, nor spec through the status", async () => {
      await kube.create(inside(ns, "split"));
      const it = ref("apps/v1", "Deployment", "split", ns);
      const after = await kube.mergePatch(it, { status: { replicas: 99 }, spec: { minReadySeconds: 2 } });
      expect((after["status"] as { replicas?: number } | undefined)?.replicas).not.toBe(99);
      const spec = await kube.mergePatch(it, { spec: { minReadySeconds: 77 } }, { subresource: "status" });
      expect(spec["spec"]).toMatchObject({ minReadySeconds: 2 });
    });
  });

  describe("lists", () => {
    test("by pages, without losing or repeating one", async () => {
      for (let i = 0; i < 7; i += 1)
        await kube.create({
          ...configMap(ns, `page-${i}`),
          metadata: { name: `page-${i}`, namespace: ns, labels: { paged: "yes" } },
        });
      const first = JSON.parse((await raw("GET", `${path()}?limit=3&labelSelector=paged%3Dyes`)).body);
      expect(first.items.length).toBe(3);
      const token = encodeURIComponent(first.metadata.continue);
      const second = JSON.parse(
        (await raw("GET", `${path()}?limit=3&labelSelector=paged%3Dyes&continue=${token}`)).body,
      );
      const names = [...first.items, ...second.items].map(
        (i: { metadata: { name: string } }) => i.metadata.name,
      );
      expect(names).toEqual(["page-0", "page-1", "page-2", "page-3", "page-4", "page-5"]);
      const all = await kube.list(
        { apiVersion: "v1", kind: "ConfigMap" },
        { namespace: ns, labelSelector: "paged in (yes)" },
      );
      expect(all.length).toBe(7);
      expect(all[0]).toMatchObject({ apiVersion: "v1", kind: "ConfigMap" });
    });
    test("refusing selectors that are none", async () => {
      expect((await raw("GET", `${path()}?labelSelector=%3D%3D%3D`)).status).toBe(400);
      expect((await raw("GET", `${path()}?fieldSelector=data.a%3D1`)).status).toBe(400);
      expect((await raw("GET", `${path()}?limit=1&continue=nonsense`)).status).toBe(400);
    });
    test("bounded: more than we can hold is an error, never a cut list", async () => {
      await expect(
        kube.list({ apiVersion: "v1", kind: "ConfigMap" }, { namespace: ns, itemsMax: 2 }),
      ).rejects.toBeInstanceOf(Transient);
    });
  });

  describe("deletes what an owner leaves behind", () => {
    const owned = async (name: string) => {
      const owner = await kube.create(configMap(ns, `${name}-owner`));
      const reference = {
        apiVersion: "v1",
        kind: "ConfigMap",
        name: `${name}-owner`,
        uid: String(owner.metadata["uid"]),
      };
      const metadata = { name: `${name}-owned`, namespace: ns, ownerReferences: [reference] };
      await kube.create({ apiVersion: "v1", kind: "ConfigMap", metadata });
    };
    test("in the background", async () => {
      await owned("background");
      await kube.remove(cm("background-owner"), { propagation: "Background" });
      expect(
        await server.eventually(async () => (await kube.find(cm("background-owned"))) === undefined),
      ).toBe(true);
    });
    test("or not, when orphaned", async () => {
      await owned("orphan");
      await kube.remove(cm("orphan-owner"), { propagation: "Orphan" });
      expect(await server.eventually(async () => (await kube.find(cm("orphan-owner"))) === undefined)).toBe(
        true,
      );
      server.wait?.(10);
      const left = await kube.get(cm("orphan-owned"));
      expect(left.metadata["ownerReferences"]).toBeUndefined();
    });
    test("of an owner that never was", async () => {
      const reference = {
        apiVersion: "v1",
        kind: "ConfigMap",
        name: "ghost",
        uid: "22222222-2222-4222-a222-222222222222",
      };
      await kube.create({
        apiVersion: "v1",
        kind: "ConfigMap",
        metadata: { name: "haunted", namespace: ns, ownerReferences: [reference] },
      });
      expect(await server.eventually(async () => (await kube.find(cm("haunted"))) === undefined)).toBe(true);
    });
  });

  test("a definition makes its kind known, a little later", async () => {
    const name = `gadgets.${ns}.test`;
    await kube.create({
      apiVersion: "apiextensions.k8s.io/v1",
      kind: "CustomResourceDefinition",
      metadata: { name },
      spec: {
        group: `${ns}.test`,
        scope: "Namespaced",
        names: { kind: "Gadget", plural: "gadgets", singular: "gadget", listKind: "GadgetList" },
        versions: [
          {
            name: "v1",
            served: true,
            storage: true,
            schema: { openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true } },
          },
        ],
      },
    });
    const kind = { apiVersion: `${ns}.test/v1`, kind: "Gadget" };
    expect(await server.eventually(() => kube.knows(kind))).toBe(true);
    await kube.create({ ...kind, metadata: { name: "g", namespace: ns }, spec: { size: 1 } });
    expect((await kube.list(kind, { namespace: ns })).length).toBe(1);
    await kube.remove(ref("apiextensions.k8s.io/v1", "CustomResourceDefinition", name, undefined as never));
  });
});
