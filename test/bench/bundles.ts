/** What the deployed functions weigh and how long Node takes to import them: the whole list, heaviest first. */

import { steps } from "../../functions/index.ts";
import { listeners } from "../../functions/listeners.ts";
import { type Bundle, bundle } from "../infra/bundle.ts";
import { importMs } from "../infra/import-time.ts";
import { figure, median, type Row, section } from "./table.ts";

const AIM_MS = 60;
const AIM_KIB = 300;
const ROUNDS = 10;

type Measured = Bundle & { readonly ms: number };

const row = ({ name, packedKib, entryKib, loadedKib, ms }: Measured): Row => [
  name,
  `${figure(ms)} ms`,
  `${figure(packedKib)} KiB packed; entry ${figure(entryKib)}, loaded at once ${figure(loadedKib)}`,
];

/** Medians of ten imports each, every one in a process of its own. */
export const bundlesSection = async (): Promise<string> => {
  const measured: Measured[] = [];
  for (const step of [...steps, ...listeners]) {
    const made = await bundle(step);
    measured.push({ ...made, ms: importMs(made.file, ROUNDS) });
  }
  measured.sort((a, b) => b.ms - a.ms);
  const over = measured.filter((m) => m.ms > AIM_MS || m.packedKib > AIM_KIB);
  return section(`Bundles of ${measured.length} functions, medians of ${ROUNDS} imports`, [
    [
      "median of all",
      `${figure(median(measured.map((m) => m.ms)))} ms`,
      `aim: at most ${AIM_MS} ms, ${AIM_KIB} KiB packed`,
    ],
    ["beyond an aim", String(over.length)],
    ...measured.map(row),
  ]);
};
