/** The invariants that look at what steps do and say, in one list. */

import { SLACK_APP } from "../services/deployed.ts";
import { makeApprovals } from "./approvals.ts";
import { makeDrained } from "./drained.ts";
import { makeEvidence } from "./evidence.ts";
import { makeFence } from "./fence.ts";
import { makeFirstThere } from "./first-there.ts";
import { makeFreeze } from "./freeze.ts";
import { makeGates } from "./gates.ts";
import { makeGuarded } from "./guarded.ts";
import { makeIntent } from "./intent-before-effect.ts";
import type { Invariant } from "./invariant.ts";
import { makeLimits } from "./limits.ts";
import { makeOneEntry } from "./one-entry.ts";
import { makeOneRun } from "./one-run.ts";
import { makePatience } from "./patience.ts";
import { makePermissions } from "./permissions.ts";
import { makePromises } from "./promises.ts";
import { makeRequests } from "./requests.ts";
import type { Scene } from "./scene.ts";
import { makeSecrets } from "./secrets.ts";
import { makeTtls } from "./ttls.ts";
import { makeViews } from "./views.ts";
import { makeWaves } from "./waves.ts";
import { makeWayBack } from "./way-back.ts";
import { makeWindow } from "./window.ts";

/** Fresh ones for a run: they keep notes between calls. */
export const makeStepInvariants = (): readonly Invariant<Scene>[] => [
  makeIntent(),
  makeOneEntry(),
  makeFence(),
  makeWayBack(),
  makeGates(),
  makeGuarded(),
  makeEvidence(),
  makeApprovals(),
  makeWindow(),
  makeTtls(),
  makeFreeze(),
  makeDrained(),
  makeFirstThere(),
  makeWaves(),
  makePromises(),
  makePatience(),
  makeRequests(),
  makeLimits(),
  makePermissions(),
  makeSecrets([SLACK_APP.signingSecret, SLACK_APP.botToken]),
  makeOneRun(),
  makeViews(),
];
