/** What the deployed functions weigh and how long Node takes to import them: the whole list, heaviest first. */

import { type Bundle, bundles } from "../infra/bundle.ts";
import { type ImportTime, importTime } from "../infra/import-time.ts";
import { figure, median, type Row, section } from "./table.ts";

const AIM_MS = 60;
const AIM_KIB = 300;
const ROUNDS = 10;

type Measured = Bundle & ImportTime;

const row = ({ name, packedKib, entryKib, wholeKib, wallMs, processorMs }: Measured): Row => [
  name,
  `${figure(processorMs)} ms`,
  `${figure(wallMs)} ms on the wall; ${figure(packedKib)} KiB packed; minified entry ${figure(entryKib)}, all of it ${figure(wholeKib)}`,
];

/** Medians of ten imports each, every one in a process of its own; the processor's time, since on a busy machine the wall's is its queue. */
export const bundlesSection = async (): Promise<string> => {
  const measured: Measured[] = [...(await bundles()).values()].map((made) => ({
    ...made,
    ...importTime(made.file, ROUNDS),
  }));
  measured.sort((a, b) => b.processorMs - a.processorMs);
  const over = measured.filter((m) => m.processorMs > AIM_MS || m.packedKib > AIM_KIB);
  return section(`Bundles of ${measured.length} functions, medians of ${ROUNDS} imports`, [
    [
      "median of all",
      `${figure(median(measured.map((m) => m.processorMs)))} ms`,
      `of the processor; ${figure(median(measured.map((m) => m.wallMs)))} ms on the wall; aim: at most ${AIM_MS} ms, ${AIM_KIB} KiB packed`,
    ],
    ["beyond an aim", String(over.length)],
    ...measured.map(row),
  ]);
};
