/** `repot plan`: reads manifests and repot.yaml, writes plan.json, prints the preview. */

import { readInputs, writeWhole } from "../adapters/files.ts";
import { BadInput } from "../domain/errors.ts";
import { gather, readSources } from "../domain/intake.ts";
import type { KubeObject } from "../domain/kube.ts";
import type { Plan } from "../domain/plan.ts";
import { NOTHING_GIVEN } from "../domain/planning/assumed.ts";
import { buildPlan, parsePlan, planHash, planText, reasonsNotToStart } from "../domain/planning/build.ts";
import { previewOf } from "../domain/preview.ts";
import { type GivenSettings, readSettings } from "../domain/settings.ts";
import type { Io } from "./io.ts";
import type { Decisions, PlanOptions } from "./options.ts";

/** Exit codes of this command beside those of errors (main.ts). */
const DONE = 0;
const REFUSED = 7;

export type PlanInput = { readonly objects: readonly KubeObject[]; readonly settings: GivenSettings };

/**
 * Manifests and settings from files, directories and standard input.
 * @throws BadInput or Refused, naming file and line.
 */
export const loadPlanInput = async (
  paths: readonly string[],
  stdin: () => Promise<Uint8Array>,
): Promise<PlanInput> => {
  if (paths.length === 0)
    throw new BadInput("Name the manifests: files, a directory, or - for standard input.");
  const sources = await readInputs(paths, stdin);
  const [first, second] = sources.settings;
  if (first && second)
    throw new BadInput(`There are two files of settings, ${first.name} and ${second.name}: Repot takes one.`);
  const settings = first ? readSettings(first.text, first.name) : NOTHING_GIVEN;
  if (sources.manifests.length === 0) throw new BadInput(`There is no manifest in ${paths.join(", ")}.`);
  return { objects: gather(sources.manifests.flatMap((f) => readSources(f.text, f.name))), settings };
};

/** A plan of a plan.json, as it stands there, or of manifests. Decisions belong to manifests: a plan has its own. */
export const loadPlan = async (
  paths: readonly string[],
  decisions: Decisions,
  stdin: () => Promise<Uint8Array>,
): Promise<{ readonly plan: Plan; readonly text: string }> => {
  const [only, ...others] = paths;
  if (only !== undefined && others.length === 0 && /\.json$/i.test(only)) {
    const { manifests } = await readInputs([only], stdin);
    const text = manifests[0]?.text ?? "";
    if (/"format":\s*\d/.test(text) && /"operations":\s*\[/.test(text))
      return planAsItIs(text, only, decisions);
  }
  const { objects, settings } = await loadPlanInput(paths, stdin);
  const plan = buildPlan(objects, settings, decisions);
  return { plan, text: planText(plan) };
};

const planAsItIs = (text: string, name: string, decisions: Decisions) => {
  if (decisions.decideAll !== undefined || Object.keys(decisions.decide).length > 0)
    throw new BadInput(
      `${name} is a plan, and a decision would change what was approved. Decide with repot plan, or rehearse the manifests.`,
    );
  return { plan: parsePlan(text, name), text };
};

/** @returns 0, or 7 where a decision is open or a workload is blocked; the plan is written all the same. */
export const plan = async (options: PlanOptions, io: Pick<Io, "out" | "err" | "stdin">): Promise<number> => {
  const { objects, settings } = await loadPlanInput(options.inputs, io.stdin);
  const built = buildPlan(objects, settings, options);
  const text = planText(built);
  const preview = previewOf(built, planHash(text));
  if (options.output === undefined || options.output === "-") {
    io.out(text);
    io.err(preview);
  } else {
    await writeWhole(options.output, text);
    io.out(`${preview}\n${options.output} is written. Approvers sign its SHA-256: ${planHash(text)}\n`);
  }
  const reasons = reasonsNotToStart(built);
  for (const reason of reasons) io.err(`repot: ${reason}\n`);
  return reasons.length === 0 ? DONE : REFUSED;
};
