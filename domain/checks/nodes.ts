/** Preflight's judgement of the nodes that the platform runs on now: what their images were built for. */

import type { Verdict } from "../gates.ts";
import { byCodeUnit, type KubeObject } from "../kube.ts";
import type { Plan } from "../plan.ts";
import { at as field } from "../pods.ts";
import { judging, type Observed, seen, some } from "./judging.ts";

const platformOf = (node: KubeObject): string =>
  `${String(field(node, "status", "nodeInfo", "operatingSystem") ?? "")}/${String(field(node, "status", "nodeInfo", "architecture") ?? "")}`;

/** runtime/architecture: images run on the platforms that they run on now; on another one only if they were built for it as well. */
export const judgeArchitectures = (
  nodes: Observed<readonly KubeObject[]>,
  plan: Pick<Plan, "settings">,
  at: string,
): Verdict => {
  const { target } = plan.settings;
  const say = judging(at)("runtime/architecture", target.name);
  const source = "list nodes of the source, target.nodePools";
  if (!("value" in nodes)) return say.unanswered(nodes.missing, source);
  const now = new Set(nodes.value.map(platformOf));
  const then = new Set(target.nodePools.map((p) => `${p.os}/${p.arch}`));
  const lost = [...now].filter((p) => !then.has(p)).sort(byCodeUnit);
  const fresh = [...then].filter((p) => !now.has(p)).sort(byCodeUnit);
  const evidence = [
    seen(
      "platforms of the source's nodes",
      [...now].sort(byCodeUnit).join(", "),
      "each among the target's pools",
      source,
      nodes.value.length,
    ),
    seen(
      "platforms of the target's pools",
      [...then].sort(byCodeUnit).join(", "),
      "known to the images",
      source,
      target.nodePools.length,
    ),
  ];
  if (nodes.value.length === 0)
    return say.unknown(
      "The source lists no node, so nobody knows what its images were built for.",
      "Correct the rights to see nodes.",
      evidence,
    );
  if (lost.length > 0 && fresh.length === 0)
    return say.pass(
      `The source also has nodes of ${some(lost)}, the target has none: watch that no image was built for ${lost.length === 1 ? "it" : "them"} alone.`,
      evidence,
    );
  if (lost.length === now.size)
    return say.fail(
      `The source runs on ${some(lost)} only, and the target on ${some(fresh)} only: an image that was built for the first doesn't start on the second.`,
      "Give target.nodePools a pool of the source's architecture; change architectures after the migration, not with it.",
      evidence,
    );
  return fresh.length > 0
    ? say.pass(
        `The target also has nodes of ${some(fresh)}: watch that images were built for ${fresh.length === 1 ? "it" : "them"}, or that pods select the other.`,
        evidence,
      )
    : say.pass(
        `Every platform of the source's nodes is among the target's pools (${some([...now].sort(byCodeUnit))}).`,
        evidence,
      );
};
