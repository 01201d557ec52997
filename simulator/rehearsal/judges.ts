/** The judges of a rehearsal: every invariant, asked after each call and each line. */

import type { RunEvent } from "../../domain/events.ts";
import type { Plan } from "../../domain/plan.ts";
import { makeApprovals } from "../invariants/approvals.ts";
import { makeFence } from "../invariants/fence.ts";
import { makeGates } from "../invariants/gates.ts";
import { makeIntent } from "../invariants/intent.ts";
import { makeInspector } from "../invariants/invariant.ts";
import { makeLimits, makePermissions, makeSecrets } from "../invariants/limits.ts";
import type { Fact, Scene } from "../invariants/scene.ts";
import { makeWindow } from "../invariants/traffic-steps.ts";
import type { Clock } from "../clock.ts";
import type { Observed } from "../services/seam.ts";
import type { Emit } from "../world/types.ts";

export type Judges = {
  readonly sawCall: (call: Observed) => void;
  readonly sawEvent: (event: RunEvent) => void;
};

export const makeJudges = (options: { readonly plan: Plan; readonly clock: Clock; readonly emit: Emit; readonly stored: (key: string) => string | undefined }): Judges => {
  const { plan, clock, emit, stored } = options;
  let fact: Fact | undefined;
  const scene: Scene = { plan, fact: () => fact, now: () => clock.now(), stored };
  const inspector = makeInspector<Scene>({
    invariants: [makeIntent(), makeFence(), makeGates(), makeApprovals(), makeWindow(), makeLimits(), makePermissions(), makeSecrets()],
    world: scene,
    emit,
    elapsedSeconds: () => clock.elapsedSeconds(),
  });
  const look = (at: Fact) => {
    // A violation is a line, too, and is not judged again.
    if (at.kind === "event" && at.event.type === "violation") return;
    fact = at;
    inspector.inspect();
  };
  return { sawCall: (call) => look({ kind: "call", call }), sawEvent: (event) => look({ kind: "event", event }) };
};
