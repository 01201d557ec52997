/** Preflight's judgement of architectures: what an image was built for is where it runs now. */

import { expect, test } from "vitest";
import { judgeArchitectures } from "../../domain/checks/nodes.ts";
import { AT, anObject, aPlan, complaints } from "./checks.fixture.ts";

const node = (architecture: string, operatingSystem = "linux") =>
  anObject(
    "v1",
    "Node",
    `${operatingSystem}-${architecture}`,
    { status: { nodeInfo: { architecture, operatingSystem } } },
    undefined,
  );
const pools = (...arches: readonly string[]) =>
  aPlan(
    {},
    {
      target: {
        name: "eks",
        kubernetesVersion: "1.33",
        egressAddresses: ["203.0.113.10"],
        nodePools: arches.map((arch) => ({ name: arch, arch })),
      },
    },
  );

test.each([
  ["the same", [node("amd64")], pools("amd64"), "pass"],
  ["another one", [node("arm64")], pools("amd64"), "fail"],
  ["one more", [node("amd64")], pools("amd64", "arm64"), "pass"],
  ["one less", [node("amd64"), node("arm64")], pools("amd64"), "pass"],
  ["no Windows any more, where all was Windows", [node("amd64", "windows")], pools("amd64"), "fail"],
  ["something, and nobody knows what was before", [], pools("amd64"), "unknown"],
])("a target with %s", (_, value, plan, verdict) => {
  const judged = judgeArchitectures({ value }, plan, AT);
  expect(judged.verdict).toBe(verdict);
  expect(complaints([judged])).toEqual([]);
});
