/** Every state machine, by name. */

import { askApproval } from "./ask-approval.ts";
import type { NamedMachine } from "./asl.ts";
import { buildTarget } from "./build-target.ts";
import { copyBack } from "./copy-back.ts";
import { copyWithPause } from "./copy-with-pause.ts";
import { cutTraffic } from "./cut-traffic.ts";
import { decommission } from "./decommission.ts";
import { drainQueue } from "./drain-queue.ts";
import { freeze } from "./freeze.ts";
import { guard } from "./guard.ts";
import { handOver } from "./hand-over.ts";
import { handOverController } from "./hand-over-controller.ts";
import { hold } from "./hold.ts";
import { inBatches } from "./in-batches.ts";
import { migrateCluster } from "./migrate-cluster.ts";
import { moveWorkloads } from "./move-workloads.ts";
import { preflight } from "./preflight.ts";
import { rollBack } from "./roll-back.ts";
import { scale } from "./scale.ts";
import { shift } from "./shift.ts";
import { shiftGroup } from "./shift-group.ts";
import { shiftWorkers } from "./shift-workers.ts";
import { thaw } from "./thaw.ts";
import { watchGates } from "./watch-gates.ts";

export const machines: readonly NamedMachine[] = [
  migrateCluster,
  preflight,
  buildTarget,
  freeze,
  moveWorkloads,
  cutTraffic,
  thaw,
  decommission,
  rollBack,
  shift,
  shiftWorkers,
  shiftGroup,
  handOver,
  copyWithPause,
  copyBack,
  handOverController,
  drainQueue,
  scale,
  watchGates,
  guard,
  inBatches,
  hold,
  askApproval,
];
