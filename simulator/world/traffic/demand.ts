/**
 * What clients ask for: a mean, a daily peak, and a little weather from the seed, as a step function of the local day, so that it can be
 * integrated exactly. The day has the shape of a von Mises density: never negative, its mean exactly the mean, for any peak.
 */

import { DateTime } from "luxon";
import { remembered } from "../../../domain/remembered.ts";
import type { Settings } from "../../../domain/settings.ts";
import type { Random } from "../../random.ts";

export type HostLoad = Settings["load"][number];

export const DEMAND_STEP_MS = 300_000;
const STEPS_A_DAY = 288;
/** Each step is up to this share above or below its mean. */
const WEATHER = 0.04;

/** What a host gets where the settings say nothing: enough to notice a failure. */
export const DEFAULT_LOAD: Omit<HostLoad, "host"> = {
  requestsPerSecond: 20,
  peakFactor: 1.6,
  peakHour: 15,
  statuses: { "200": 0.999, "500": 0.001 },
  longLivedShare: 0.05,
};

/** Requests a second at a time (milliseconds since 1970); constant between multiples of DEMAND_STEP_MS. */
export type Demand = (load: HostLoad, atMs: number) => number;

export const makeDemand = (timeZone: string, random: Random): Demand => {
  const steps = new Map<HostLoad, { readonly step: number; readonly rate: number }>();
  let localAt = Number.NaN;
  let local = 0;
  return (load, atMs) => {
    const step = Math.floor(atMs / DEMAND_STEP_MS);
    const known = steps.get(load);
    if (known?.step === step) return known.rate;
    if (localAt !== step) {
      localAt = step;
      local = stepOfDay(`${step} ${timeZone}`);
    }
    const shape = shapeOf(`${load.peakFactor}/${load.peakHour}`);
    const weather = 1 + WEATHER * (2 * random.fork(`${load.host}@${step}`).next() - 1);
    const rate = load.requestsPerSecond * (shape[local] ?? 1) * weather;
    steps.set(load, { step, rate });
    return rate;
  };
};

/** Of a step's number and a time zone; every run of one process goes through the same days. */
const stepOfDay = remembered(10_000, (stepAndZone): number => {
  const [step, timeZone = ""] = stepAndZone.split(" ");
  const at = DateTime.fromMillis(Number(step) * DEMAND_STEP_MS, { zone: timeZone });
  if (!at.isValid) throw new Error(`The time zone ${timeZone} isn't known.`);
  return Math.floor((at.hour * 60 + at.minute) / 5);
});

/** Of the factor and the hour of the peak. A shape takes fourteen thousand cosines, and every run of one plan has the same few. */
const shapeOf = remembered(1_000, (peak): readonly number[] => {
  const [factor, hour] = peak.split("/");
  return dayShape(Number(factor), Number(hour));
});

/** 288 factors whose mean is 1 and whose highest, at the peak hour, is about `peakFactor`. */
export const dayShape = (peakFactor: number, peakHour: number): readonly number[] => {
  const k = concentration(peakFactor);
  const raw = Array.from({ length: STEPS_A_DAY }, (_, i) =>
    Math.exp(k * (Math.cos((2 * Math.PI * ((i + 0.5) / 12 - peakHour)) / 24) - 1)),
  );
  const mean = raw.reduce((sum, x) => sum + x, 0) / STEPS_A_DAY;
  return raw.map((x) => x / mean);
};

/** The concentration at which the density's peak over its mean, exp(k)/I0(k), is the factor. It grows with k. */
const concentration = (peakFactor: number): number => {
  let [low, high] = [0, 64];
  for (let i = 0; i < 50; i += 1) {
    const k = (low + high) / 2;
    if (1 / scaledBessel(k) < peakFactor) low = k;
    else high = k;
  }
  return low;
};

/** I0(k)·exp(-k), as the mean of the day itself. */
const scaledBessel = (k: number): number => {
  let sum = 0;
  for (let i = 0; i < STEPS_A_DAY; i += 1)
    sum += Math.exp(k * (Math.cos((2 * Math.PI * i) / STEPS_A_DAY) - 1));
  return sum / STEPS_A_DAY;
};
