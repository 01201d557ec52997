/** The contract of admission: policies, quotas, limits, pod security and webhooks refuse as the real API server does. */

import { beforeAll, describe, expect, test } from "vitest";
import { statusOf } from "../../adapters/kubernetes.ts";
import { Forbidden, Invalid } from "../../domain/errors.ts";
import { deployment, namespace, object, podSpec, ref } from "../simulator/cluster-fixtures.ts";
import { SERVERS, type Server, simulatedServer } from "./kubernetes-servers.ts";

const failure = async (act: Promise<unknown>): Promise<unknown> =>
  act.then(
    () => "it was accepted",
    (error: unknown) => error,
  );

const VAP = "admissionregistration.k8s.io/v1";

/** A policy and its binding for one namespace. */
const policy = (
  name: string,
  inside: string,
  rules: readonly object[],
  expression: string,
  message: string,
  rest: object = {},
) => [
  {
    apiVersion: VAP,
    kind: "ValidatingAdmissionPolicy",
    metadata: { name },
    spec: {
      matchConstraints: {
        resourceRules: rules,
        namespaceSelector: {
          matchExpressions: [{ key: "kubernetes.io/metadata.name", operator: "In", values: [inside] }],
        },
      },
      validations: [{ expression, message }],
      ...rest,
    },
  },
  {
    apiVersion: VAP,
    kind: "ValidatingAdmissionPolicyBinding",
    metadata: { name },
    spec: { policyName: name, validationActions: ["Deny"] },
  },
];

const WORKLOADS = {
  apiGroups: ["apps"],
  apiVersions: ["*"],
  operations: ["CREATE", "UPDATE", "DELETE"],
  resources: ["deployments"],
};

describe.each(SERVERS.map((make) => make()))("admission of $name", (server) => {
  const { kube, raw } = server;
  const fresh = async (name: string, labels: Readonly<Record<string, string>> = {}): Promise<string> => {
    const made = await raw("POST", "/api/v1/namespaces", {
      ...namespace("x", labels),
      metadata: { generateName: `${name}-`, labels },
    });
    const { metadata } = JSON.parse(made.body) as { metadata: { name: string } };
    const account = ref("v1", "ServiceAccount", "default", metadata.name);
    await server.eventually(async () => (await kube.find(account)) !== undefined);
    return metadata.name;
  };
  const inside = (ns: string, name: string) => {
    const made = deployment(name, 0);
    return { ...made, metadata: { ...made.metadata, namespace: ns } };
  };
  const pod = (ns: string, name: string, spec = podSpec()) => object("v1", "Pod", name, { spec }, ns);

  describe("a ValidatingAdmissionPolicy", () => {
    let ns = "";
    const name = "contract-freeze";
    beforeAll(async () => {
      ns = await fresh("frozen");
      await kube.create(inside(ns, "before"));
      for (const o of policy(
        name,
        ns,
        [WORKLOADS],
        "request.userInfo.username == 'nobody'",
        "Frozen for the contract.",
      ))
        await kube.create(o);
    });
    const refused = async () => {
      const error = await failure(kube.create(inside(ns, "probe"), { dryRun: true }));
      return error instanceof Invalid;
    };

    test("refuses, up to a second after it was written, with 422 and its sentence", async () => {
      if (server.wait) expect(await refused()).toBe(false);
      expect(await server.eventually(refused)).toBe(true);
      const error = await failure(kube.create(inside(ns, "probe")));
      expect(statusOf(error)).toMatchObject({
        code: 422,
        reason: "Invalid",
        message: `deployments.apps "probe" is forbidden: ValidatingAdmissionPolicy '${name}' with binding '${name}' denied request: Frozen for the contract.`,
      });
    });
    test("exempts nobody by itself, the administrator neither; updates and deletes are refused too", async () => {
      await server.eventually(refused);
      await expect(
        kube.mergePatch(ref("apps/v1", "Deployment", "before", ns), { spec: { minReadySeconds: 1 } }),
      ).rejects.toBeInstanceOf(Invalid);
      await expect(kube.remove(ref("apps/v1", "Deployment", "before", ns))).rejects.toBeInstanceOf(Invalid);
    });
    test("lets the scale pass unless it is named", async () => {
      await server.eventually(refused);
      expect(await kube.scale(ref("apps/v1", "Deployment", "before", ns), 0, { dryRun: true })).toBe(0);
    });
    test("leaves other namespaces alone", async () => {
      await server.eventually(refused);
      const other = await fresh("free");
      await kube.create(inside(other, "fine"));
    });
    test("is over once the binding is gone", async () => {
      await server.eventually(refused);
      await kube.remove({ apiVersion: VAP, kind: "ValidatingAdmissionPolicyBinding", name });
      expect(await server.eventually(async () => !(await refused()))).toBe(true);
    });
  });

  test.each([
    ["an expression that fails at run time refuses", "object.spec.absent == 1", "Fail", true],
    ["unless the failure policy is Ignore", "object.spec.absent == 1", "Ignore", false],
    [
      "an update is judged by old and new",
      "oldObject == null || object.spec == oldObject.spec",
      "Fail",
      false,
    ],
    ["groups can be asked", "request.userInfo.groups.exists(g, g == 'no-such-group')", "Fail", true],
    ["matchConditions choose", "false", "Fail", false],
  ])("CEL: %s", async (title, expression, failurePolicy, refuses) => {
    const ns = await fresh("cel");
    const conditions = title.startsWith("matchConditions")
      ? { matchConditions: [{ name: "never", expression: "request.operation == 'CONNECT'" }] }
      : {};
    const objects = policy(ns, ns, [WORKLOADS], expression, "No.", { failurePolicy, ...conditions });
    // A second rule of the same policy shows when it has become effective.
    const [first, binding] = objects as [object, object];
    const spec = (first as { spec: { validations: object[] } }).spec;
    const probe = { expression: "object.metadata.name != 'effective'", message: "Effective." };
    await kube.create({
      ...first,
      spec: {
        ...spec,
        validations: [probe, ...spec.validations],
        ...(title.startsWith("matchConditions") ? {} : {}),
      },
    } as never);
    await kube.create(binding as never);
    if (title.startsWith("matchConditions")) server.wait?.(2);
    else
      expect(
        await server.eventually(
          async () =>
            (await failure(kube.create(inside(ns, "effective"), { dryRun: true }))) instanceof Invalid,
        ),
      ).toBe(true);
    const error = await failure(kube.create(inside(ns, "judged")));
    expect(error instanceof Invalid).toBe(refuses);
  });

  test("a quota refuses one pod too many with 403", async () => {
    const ns = await fresh("quota");
    await kube.create(object("v1", "ResourceQuota", "small", { spec: { hard: { pods: "1" } } }, ns));
    await server.eventually(
      async () =>
        (await kube.get(ref("v1", "ResourceQuota", "small", ns)))["status"] !== undefined ||
        server.wait !== undefined,
    );
    await kube.create(pod(ns, "first"));
    const error = await failure(kube.create(pod(ns, "second")));
    expect(error).toBeInstanceOf(Forbidden);
    expect(statusOf(error)?.message).toBe(
      'pods "second" is forbidden: exceeded quota: small, requested: pods=1, used: pods=1, limited: pods=1',
    );
  });

  test("a quota of CPU wants every container to say what it needs", async () => {
    const ns = await fresh("cpu");
    await kube.create(object("v1", "ResourceQuota", "cpu", { spec: { hard: { "requests.cpu": "1" } } }, ns));
    server.wait?.(1);
    const error = await failure(kube.create(pod(ns, "silent")));
    expect(statusOf(error)?.message).toContain("failed quota: cpu: must specify requests.cpu");
  });

  test("a limit range fills in what containers don't say, and bounds what they do", async () => {
    const ns = await fresh("limits");
    const limits = [
      { type: "Container", default: { cpu: "500m" }, defaultRequest: { cpu: "100m" }, max: { cpu: "1" } },
    ];
    await kube.create(object("v1", "LimitRange", "limits", { spec: { limits } }, ns));
    server.wait?.(1);
    const made = await kube.create(pod(ns, "silent"));
    expect(made["spec"]).toMatchObject({
      containers: [{ resources: { limits: { cpu: "500m" }, requests: { cpu: "100m" } } }],
    });
    const error = await failure(
      kube.create(pod(ns, "greedy", podSpec({ resources: { limits: { cpu: "2" } } }))),
    );
    expect(statusOf(error)).toMatchObject({ code: 403 });
    expect(statusOf(error)?.message).toContain("maximum cpu usage per Container is 1");
  });

  test("pod security refuses what its level forbids with 403", async () => {
    const ns = await fresh("secure", { "pod-security.kubernetes.io/enforce": "baseline" });
    const error = await failure(
      kube.create(pod(ns, "root", podSpec({ securityContext: { privileged: true } }))),
    );
    expect(error).toBeInstanceOf(Forbidden);
    expect(statusOf(error)?.message).toContain('violates PodSecurity "baseline:latest": privileged');
    await kube.create(pod(ns, "modest"));
    const strict = await fresh("strict", { "pod-security.kubernetes.io/enforce": "restricted" });
    expect(statusOf(await failure(kube.create(pod(strict, "modest"))))?.message).toContain(
      "runAsNonRoot != true",
    );
  });

  test("a pod needs its service account", async () => {
    const ns = await fresh("account");
    const error = await failure(
      kube.create(pod(ns, "stranger", podSpec({}, { serviceAccountName: "nobody" }))),
    );
    expect(statusOf(error)?.message).toContain('serviceaccount "nobody" not found');
  });

  test("a webhook that must answer and can't blocks its writes with 500", async () => {
    const ns = await fresh("hook");
    await kube.create({
      apiVersion: VAP,
      kind: "ValidatingWebhookConfiguration",
      metadata: { name: ns },
      webhooks: [
        {
          name: "guard.example.test",
          failurePolicy: "Fail",
          sideEffects: "None",
          admissionReviewVersions: ["v1"],
          clientConfig: { service: { name: "guard", namespace: ns, port: 443 } },
          namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": ns } },
          rules: [
            { operations: ["CREATE"], apiGroups: [""], apiVersions: ["v1"], resources: ["configmaps"] },
          ],
        },
      ],
    });
    const act = () => failure(kube.create(object("v1", "ConfigMap", "guarded", {}, ns), { dryRun: false }));
    expect(await server.eventually(async () => statusOf(await act())?.code === 500)).toBe(true);
    expect(statusOf(await act())?.message).toContain('failed calling webhook "guard.example.test"');
    await kube.remove({ apiVersion: VAP, kind: "ValidatingWebhookConfiguration", name: ns });
  });
});

describe("a server below 1.30", () => {
  const server: Server = simulatedServer("1.29");
  test("knows no ValidatingAdmissionPolicy", async () => {
    expect(await server.kube.knows({ apiVersion: VAP, kind: "ValidatingAdmissionPolicy" })).toBe(false);
    expect((await server.raw("GET", `/apis/${VAP}/validatingadmissionpolicies`)).status).toBe(404);
    expect((await server.kube.version()).minor).toBe("29");
  });
});
