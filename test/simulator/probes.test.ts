/** Probes in the simulated world: what a load balancer answers to a name in the handshake, and Jobs that fail when what they ask for does. */

import { describe, expect, test } from "vitest";
import type { KubeObject } from "../../domain/kube.ts";
import { makeProbes } from "../../simulator/services/probes.ts";
import { makeAddresses } from "../../simulator/world/addresses.ts";
import { loadBalancerName } from "../../simulator/world/cluster/index.ts";
import type { Ended } from "../../simulator/world/cluster/machine.ts";
import { makeProgram } from "../../simulator/world/probe-pods.ts";
import { makeThirdParties } from "../../simulator/world/third-parties.ts";
import { planned } from "../rehearsals/small.ts";
import { makeWorld, object, podSpec, ref } from "./cluster-fixtures.ts";

const { plan } = planned();
const [host] = plan.hosts;
if (!host) throw new Error("The small platform has a public host.");

describe("a load balancer", () => {
  const addresses = makeAddresses(plan);
  const { cluster } = makeWorld({ objects: plan.objects as unknown as readonly KubeObject[] });
  const clusters = { source: cluster, target: cluster };
  const probes = makeProbes(plan, { clusters, addresses, outside: { isClosed: () => false } });
  const balanced = plan.objects.find(
    (o) => o["kind"] === "Ingress" || o["kind"] === "Service",
  ) as unknown as KubeObject;
  const [address = ""] = addresses.of(
    loadBalancerName("target", balanced.metadata.namespace ?? "default", balanced.metadata.name),
  );

  test("takes the handshake for a host that it has a certificate for", () => {
    expect(probes(address)?.refuses?.(host.host)).toBeUndefined();
  });

  test.each([
    ["another name", "www.elsewhere.example"],
    ["the address itself, which is what a probe with a Host header alone asks for", ""],
  ])("is hung up on for %s", (_, name) => {
    expect(probes(address)?.refuses?.(name)).toMatchObject({ code: "ERR_TLS_CERT_ALTNAME_INVALID" });
  });
});

describe("an end-to-end Job", () => {
  const job = object("batch/v1", "Job", "e2e", {
    spec: {
      backoffLimit: 2,
      template: { spec: podSpec({}, { restartPolicy: "Never" }) },
    },
  });
  const ended = async (program: () => Ended, seconds = 1_200) => {
    const world = makeWorld({ objects: [object("v1", "ConfigMap", "here")], program });
    await world.kube.create(job);
    world.wait(seconds);
    const found = await world.kube.get(ref("batch/v1", "Job", "e2e"));
    return found["status"] as {
      readonly succeeded?: number;
      readonly failed?: number;
      readonly conditions?: readonly { readonly type: string; readonly reason?: string }[];
    };
  };

  test("succeeds when its pod does", async () => {
    expect((await ended(() => ({}))).succeeded).toBe(1);
  });

  test("is tried again as often as its backoffLimit says, and then has failed", async () => {
    let runs = 0;
    const status = await ended(() => {
      runs += 1;
      return { failed: true };
    });
    expect(runs).toBe(3);
    expect(status.conditions?.[0]).toMatchObject({ type: "Failed", reason: "BackoffLimitExceeded" });
  });

  test("succeeds where what it asks for comes back in time", async () => {
    let runs = 0;
    const status = await ended(() => {
      runs += 1;
      return { failed: runs < 3 };
    });
    expect([status.succeeded, runs]).toEqual([1, 3]);
  });

  test.each([
    [200, false],
    [404, false],
    [503, true],
    [undefined, true],
  ])("whose host answers %s has failed: %s", (status, failed) => {
    const program = makeProgram(
      plan,
      makeThirdParties(plan),
      () => {
        throw new Error("It tries no destination.");
      },
      () => status,
    );
    const pod = object("v1", "Pod", "e2e");
    const asked = {
      ...pod,
      metadata: { ...pod.metadata, annotations: { "repot.dev/probe-host": host.host } },
    };
    expect(program("target", asked).failed ?? false).toBe(failed);
  });
});
