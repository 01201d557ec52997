/** What the deployed functions weigh and how long Node takes to import them: the whole list, heaviest first. */

import { join } from "node:path";
import { handlerOf } from "../../infra/entries.ts";
import { type Bundle, bundles } from "../infra/bundle.ts";
import { type ImportTime, importTime } from "../infra/import-time.ts";
import { ROOT } from "../infra/setup.ts";
import { importShares } from "./import-profile.ts";
import { figure, median, type Row, section } from "./table.ts";

const AIM_MS = 60;
const AIM_KIB = 300;
const ROUNDS = 10;

type Measured = Bundle & ImportTime;

const row = ({
  name,
  packedKib,
  entryKib,
  largestKib,
  loadedKib,
  wholeKib,
  wallMs,
  processorMs,
}: Measured): Row => [
  name,
  `${figure(processorMs)} ms`,
  `${figure(wallMs)} ms on the wall; KiB: ${figure(packedKib)} packed; minified entry ${figure(entryKib)}, largest file ${figure(largestKib)}, loaded by the import ${figure(loadedKib)}, all ${figure(wholeKib)}`,
];

const isBeyond = ({ wallMs, processorMs, packedKib, largestKib }: Measured): boolean =>
  Math.max(wallMs, processorMs) > AIM_MS || Math.max(packedKib, largestKib) > AIM_KIB;

const most = (measured: readonly Measured[], of: (one: Measured) => number): string =>
  figure(Math.max(...measured.map(of)));

/** Medians of ten imports each, every one in a process of its own; the processor's time, since on a busy machine the wall's is its queue. */
export const bundlesSection = async (): Promise<string> => {
  const measured: Measured[] = [...(await bundles()).values()].map((made) => ({
    ...made,
    ...importTime(made.file, ROUNDS),
  }));
  measured.sort((a, b) => b.processorMs - a.processorMs);
  const middle = measured[measured.length >> 1]?.name ?? "";
  return section(`Bundles of ${measured.length} functions, medians of ${ROUNDS} imports`, [
    [
      "median of all",
      `${figure(median(measured.map((m) => m.processorMs)))} ms`,
      `of the processor; ${figure(median(measured.map((m) => m.wallMs)))} ms on the wall; aim for each: at most ${AIM_MS} ms, ${AIM_KIB} KiB a file and packed`,
    ],
    [
      "most of any",
      `${most(measured, (m) => m.processorMs)} ms`,
      `of the processor; ${most(measured, (m) => m.wallMs)} ms on the wall; KiB: ${most(measured, (m) => m.packedKib)} packed, largest file ${most(measured, (m) => m.largestKib)}, loaded by an import ${most(measured, (m) => m.loadedKib)}`,
    ],
    ["beyond an aim", String(measured.filter(isBeyond).length)],
    ...importShares(join(ROOT, `${handlerOf({ name: middle }).replace(/\.handler$/, "")}.mjs`)).map(
      ({ part, share }): Row => [`${middle}: ${part}`, `${(share * 100).toFixed(0)} %`],
    ),
    ...measured.map(row),
  ]);
};
