/** The judges of a rehearsal: every invariant, asked after each call, each line, and each change of a cluster. */

import type { RunEvent } from "../../domain/events.ts";
import { SIDES } from "../../domain/phases.ts";
import type { Plan } from "../../domain/plan.ts";
import type { Clock } from "../clock.ts";
import { makeApprovals } from "../invariants/approvals.ts";
import { makeOneRun } from "../invariants/executions.ts";
import { makeFence } from "../invariants/fence.ts";
import { makeGates } from "../invariants/gates.ts";
import { makeGuarded } from "../invariants/guarded.ts";
import { makeIntent } from "../invariants/intent.ts";
import { type Invariant, makeInspector } from "../invariants/invariant.ts";
import { makeLimits, makePermissions, makeSecrets } from "../invariants/limits.ts";
import type { Fact, Scene } from "../invariants/scene.ts";
import { makeWindow } from "../invariants/traffic-steps.ts";
import { makeWorldInvariants, type WorldScene } from "../invariants/world.ts";
import { SLACK_APP } from "../services/deployed.ts";
import type { Observed } from "../services/seam.ts";
import type { Emit } from "../world/types.ts";
import type { RehearsedWorld } from "./world.ts";

export type Judges = {
  readonly sawCall: (call: Observed) => void;
  readonly sawEvent: (event: RunEvent) => void;
  /** From now on the world is watched, too. */
  readonly watch: (world: RehearsedWorld) => void;
};

export type JudgesOptions = {
  readonly plan: Plan;
  readonly clock: Clock;
  readonly emit: Emit;
  /** The body of an object in the bucket. */
  readonly stored: (key: string) => string | undefined;
};

/** Of what steps do and say. Fresh ones for a run: they keep notes between calls. */
export const makeStepInvariants = (): readonly Invariant<Scene>[] => [
  makeIntent(),
  makeFence(),
  makeGates(),
  makeGuarded(),
  makeApprovals(),
  makeWindow(),
  makeLimits(),
  makePermissions(),
  makeSecrets([SLACK_APP.signingSecret, SLACK_APP.botToken]),
  makeOneRun(),
];

export const makeJudges = ({ plan, clock, emit, stored }: JudgesOptions): Judges => {
  let fact: Fact | undefined;
  const common = { emit, elapsedSeconds: () => clock.elapsedSeconds() };
  const scene: Scene = { plan, fact: () => fact, now: () => clock.now(), stored };
  const steps = makeInspector<Scene>({ ...common, invariants: makeStepInvariants(), world: scene });
  const look = (at: Fact) => {
    // A violation is a line, too, and is not judged again.
    if (at.kind === "event" && at.event.type === "violation") return;
    fact = at;
    steps.inspect();
  };
  let inspectWorld = () => {};
  return {
    sawCall: (call) => look({ kind: "call", call }),
    sawEvent: (event) => {
      look({ kind: "event", event });
      // An effect may change what no pod shows: a schedule, say.
      if (event.type === "effect" && event.status === "done") inspectWorld();
    },
    watch: ({ clusters, traffic, queues }) => {
      const world: WorldScene = { plan, ...clusters, traffic, queues, now: () => clock.now() };
      const inspector = makeInspector<WorldScene>({ ...common, invariants: makeWorldInvariants(), world });
      inspectWorld = inspector.inspect;
      for (const side of SIDES) clusters[side].onChange(inspectWorld);
    },
  };
};
