/** Every step, a line each. A step that isn't listed here isn't deployed, and can't be named by a state machine. */

import { armController } from "./arm-controller.ts";
import { askPeople } from "./ask-people.ts";
import { carryBack } from "./carry-back.ts";
import { carryDrift } from "./carry-drift.ts";
import { carryRecords } from "./carry-records.ts";
import { carryRecordsBack } from "./carry-records-back.ts";
import { checkData } from "./check-data.ts";
import { checkDns } from "./check-dns.ts";
import { checkIdentity } from "./check-identity.ts";
import { checkKafka } from "./check-kafka.ts";
import { checkKubernetes } from "./check-kubernetes.ts";
import { checkMetrics } from "./check-metrics.ts";
import { checkNetwork } from "./check-network.ts";
import { checkPermissions } from "./check-permissions.ts";
import { checkPipelines } from "./check-pipelines.ts";
import { checkRetirement } from "./check-retirement.ts";
import { checkRuntime } from "./check-runtime.ts";
import { checkWindow } from "./check-window.ts";
import { cleanE2eSuite } from "./clean-e2e-suite.ts";
import { compareClusters } from "./compare-clusters.ts";
import { comparePlatform } from "./compare-platform.ts";
import { compareWhole } from "./compare-whole.ts";
import { compareWithStart } from "./compare-with-start.ts";
import { compareWorkload } from "./compare-workload.ts";
import { compareZones } from "./compare-zones.ts";
import { completeRestore } from "./complete-restore.ts";
import { copyVolumes } from "./copy-volumes.ts";
import { countHold } from "./count-hold.ts";
import { createZone } from "./create-zone.ts";
import { delegateZone } from "./delegate-zone.ts";
import { endGuard } from "./end-guard.ts";
import { ensureCluster } from "./ensure-cluster.ts";
import { expireQuestion } from "./expire-question.ts";
import { fillZone } from "./fill-zone.ts";
import { findDestinations } from "./find-destinations.ts";
import { floorAutoscalers } from "./floor-autoscalers.ts";
import { guardPlatform } from "./guard-platform.ts";
import { handOverStaticId } from "./hand-over-static-id.ts";
import { installBundle } from "./install-bundle.ts";
import { installFreezePolicy } from "./install-freeze-policy.ts";
import { installProbes } from "./install-probes.ts";
import { keepWarm } from "./keep-warm.ts";
import { liftFreeze } from "./lift-freeze.ts";
import { linkService } from "./link-service.ts";
import { linkServices } from "./link-services.ts";
import { listCopyBack } from "./list-copy-back.ts";
import { listUndo } from "./list-undo.ts";
import { lowerTtls } from "./lower-ttls.ts";
import { measureOldTtls } from "./measure-old-ttls.ts";
import { measureTtls } from "./measure-ttls.ts";
import { measureWorkers } from "./measure-workers.ts";
import { observeBalancers } from "./observe-balancers.ts";
import { observeBundle } from "./observe-bundle.ts";
import { observeCluster } from "./observe-cluster.ts";
import { observeCopy } from "./observe-copy.ts";
import { observeDelegation } from "./observe-delegation.ts";
import { observeDrain } from "./observe-drain.ts";
import { observeDrift } from "./observe-drift.ts";
import { observeEgress } from "./observe-egress.ts";
import { observeFloor } from "./observe-floor.ts";
import { observeGroup } from "./observe-group.ts";
import { observeHooks } from "./observe-hooks.ts";
import { observeLoad } from "./observe-load.ts";
import { observeOldZone } from "./observe-old-zone.ts";
import { observeOwners } from "./observe-owners.ts";
import { observeRestore } from "./observe-restore.ts";
import { observeSnapshot } from "./observe-snapshot.ts";
import { observeSource } from "./observe-source.ts";
import { observeStragglers } from "./observe-stragglers.ts";
import { observeSuite } from "./observe-suite.ts";
import { observeTargetTraffic } from "./observe-target-traffic.ts";
import { observeTtls } from "./observe-ttls.ts";
import { observeWarmth } from "./observe-warmth.ts";
import { observeWorkers } from "./observe-workers.ts";
import { observeWorkload } from "./observe-workload.ts";
import { pagePerson } from "./page-person.ts";
import { pausePipelines } from "./pause-pipelines.ts";
import { planMove } from "./plan-move.ts";
import { prepareQuestion } from "./prepare-question.ts";
import { proveFreeze } from "./prove-freeze.ts";
import { proveGone } from "./prove-gone.ts";
import { raiseFence } from "./raise-fence.ts";
import { recordStart } from "./record-start.ts";
import { releaseClusters } from "./release-clusters.ts";
import { releaseWarmth } from "./release-warmth.ts";
import { repointOldZone } from "./repoint-old-zone.ts";
import { restoreAutoscalers } from "./restore-autoscalers.ts";
import { restoreHooks } from "./restore-hooks.ts";
import { restoreTtls } from "./restore-ttls.ts";
import { restoreWorkloads } from "./restore-workloads.ts";
import { resumeOnTarget } from "./resume-on-target.ts";
import { resumePipelines } from "./resume-pipelines.ts";
import { retireWorkload } from "./retire-workload.ts";
import { returnVolumes } from "./return-volumes.ts";
import { runE2eSuite } from "./run-e2e-suite.ts";
import { scaleWorkload } from "./scale-workload.ts";
import type { Step } from "./step.ts";
import { stopForward } from "./stop-forward.ts";
import { stopLoad } from "./stop-load.ts";
import { suspendSchedule } from "./suspend-schedule.ts";
import { takeOwnership } from "./take-ownership.ts";
import { takeSnapshot } from "./take-snapshot.ts";
import { turnBack } from "./turn-back.ts";
import { undoEffectStep } from "./undo-effect.ts";
import { validateStart } from "./validate-start.ts";
import { validateTarget } from "./validate-target.ts";
import { warmTarget } from "./warm-target.ts";
import { weighFailure } from "./weigh-failure.ts";

const all = [
  armController,
  askPeople,
  carryBack,
  carryDrift,
  carryRecordsBack,
  carryRecords,
  checkData,
  checkDns,
  checkIdentity,
  checkKafka,
  checkKubernetes,
  checkMetrics,
  checkNetwork,
  checkPermissions,
  checkPipelines,
  checkRetirement,
  checkRuntime,
  checkWindow,
  cleanE2eSuite,
  compareClusters,
  comparePlatform,
  compareWhole,
  compareWithStart,
  compareWorkload,
  compareZones,
  completeRestore,
  copyVolumes,
  countHold,
  createZone,
  delegateZone,
  endGuard,
  ensureCluster,
  expireQuestion,
  fillZone,
  findDestinations,
  floorAutoscalers,
  guardPlatform,
  handOverStaticId,
  installBundle,
  installFreezePolicy,
  installProbes,
  keepWarm,
  liftFreeze,
  linkService,
  linkServices,
  listCopyBack,
  listUndo,
  lowerTtls,
  measureOldTtls,
  measureTtls,
  measureWorkers,
  observeBalancers,
  observeBundle,
  observeCluster,
  observeCopy,
  observeDelegation,
  observeDrain,
  observeDrift,
  observeEgress,
  observeFloor,
  observeGroup,
  observeHooks,
  observeLoad,
  observeOldZone,
  observeOwners,
  observeRestore,
  observeSnapshot,
  observeSource,
  observeStragglers,
  observeSuite,
  observeTargetTraffic,
  observeTtls,
  observeWarmth,
  observeWorkers,
  observeWorkload,
  pagePerson,
  pausePipelines,
  planMove,
  prepareQuestion,
  proveFreeze,
  proveGone,
  raiseFence,
  recordStart,
  releaseClusters,
  releaseWarmth,
  repointOldZone,
  restoreAutoscalers,
  restoreHooks,
  restoreTtls,
  restoreWorkloads,
  resumeOnTarget,
  resumePipelines,
  retireWorkload,
  returnVolumes,
  runE2eSuite,
  scaleWorkload,
  stopForward,
  stopLoad,
  suspendSchedule,
  takeOwnership,
  takeSnapshot,
  turnBack,
  undoEffectStep,
  validateStart,
  validateTarget,
  warmTarget,
  weighFailure,
] as const;

/** What a state machine may call. */
export type StepName = (typeof all)[number]["name"];

export const steps: readonly Step[] = all as unknown as readonly Step[];
