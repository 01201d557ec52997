/**
 * Books a flow over a span of time into the ledger: served, failed because of the move, excused by an announced pause, or failing anyway.
 * What the control run answered and this run didn't is the move's doing, host by host and instant by instant.
 */

import { SIDES } from "../../../domain/phases.ts";
import type { Alarms } from "./alarms.ts";
import { FAILED_STATUS } from "./answers.ts";
import type { Evaluation, HostFlow } from "./evaluate.ts";
import type { Ledger } from "./ledger.ts";

/** Requests to a host that fail, at a constant rate between two times. */
export type FailingPiece = { readonly from: number; readonly to: number; readonly requestsPerSecond: number };

type HostEvaluation = Evaluation["hosts"][number];

export type Books = {
  readonly book: (evaluation: Evaluation, fromMs: number, toMs: number) => void;
  /** What was booked as failing for a host, whoever's doing it was. */
  readonly failing: (host: string, fromMs: number, toMs: number) => readonly FailingPiece[];
};

/** Below this rate nothing fails. */
const DUST = 1e-9;

/** Requests a second of a host that get no proper answer on account of the platform, in all places together. */
export const failingRate = (at: HostEvaluation): number =>
  at.nowhere + SIDES.reduce((sum, side) => sum + at[side].clients * at[side].failShare, 0);

export const makeBooks = (options: {
  readonly ledger: Ledger;
  readonly alarms: Alarms;
  readonly control:
    | { readonly failing: (host: string, fromMs: number, toMs: number) => readonly FailingPiece[] }
    | undefined;
}): Books => {
  const { ledger, alarms, control } = options;
  const timeline = new Map<string, FailingPiece[]>();

  const bookServed = (flow: HostFlow, seconds: number): void => {
    const requests = flow.clients * (1 - flow.failShare) * seconds;
    if (requests > 0) ledger.serve(flow.side, flow.host.load.statuses, requests, flow.latency);
  };
  const bookFailing = (at: HostEvaluation, failing: number, fromMs: number, toMs: number): void => {
    const host = at.source.host.host;
    const paused = SIDES.reduce((sum, side) => sum + at[side].clients * at[side].pausedShare, 0);
    let [failed, excused, anyway] = [0, 0, 0];
    for (const piece of against(control?.failing(host, fromMs, toMs) ?? [], fromMs, toMs)) {
      const seconds = (piece.to - piece.from) / 1000;
      const excess = Math.max(0, failing - piece.requestsPerSecond);
      const pausedHere = Math.min(excess, paused);
      failed += (excess - pausedHere) * seconds;
      excused += pausedHere * seconds;
      anyway += (failing - excess) * seconds;
    }
    const kinds = [
      ["failed", failed],
      ["paused", excused],
      ["anyway", anyway],
    ] as const;
    for (const [kind, amount] of kinds) {
      if (amount <= DUST) continue;
      ledger.fail(undefined, kind, (amount * at.nowhere) / failing);
      for (const side of SIDES) {
        const part = (at[side].clients * at[side].failShare) / failing;
        if (part > 0) ledger.fail(side, kind, amount * part, FAILED_STATUS);
      }
    }
    if (failed > DUST) announce(at, fromMs, toMs);
  };
  const announce = (at: HostEvaluation, fromMs: number, toMs: number): void => {
    const { host } = at.source;
    for (const side of SIDES) {
      if (at[side].clients * at[side].failShare > DUST)
        alarms.note(side, host.host, at[side].causes, fromMs, toMs);
    }
    if (at.nowhere <= DUST) return;
    const reason = `the name ${host.host} doesn't resolve`;
    const causes = [{ share: 1, workload: host.entries[0] ?? "", reason, paused: false }];
    alarms.note("source", host.host, causes, fromMs, toMs);
  };
  return {
    book: (evaluation, fromMs, toMs) => {
      if (toMs <= fromMs) return;
      for (const at of evaluation.hosts) {
        for (const side of SIDES) bookServed(at[side], (toMs - fromMs) / 1000);
        const failing = failingRate(at);
        if (failing <= DUST) continue;
        bookFailing(at, failing, fromMs, toMs);
        const host = at.source.host.host;
        const pieces = timeline.get(host) ?? [];
        const last = pieces.at(-1);
        if (last && last.to === fromMs && last.requestsPerSecond === failing)
          pieces[pieces.length - 1] = { ...last, to: toMs };
        else pieces.push({ from: fromMs, to: toMs, requestsPerSecond: failing });
        timeline.set(host, pieces);
      }
    },
    failing: (host, fromMs, toMs) => overlapping(timeline.get(host) ?? [], fromMs, toMs),
  };
};

/** The pieces within a span, by bisection: they are in order and don't overlap. */
const overlapping = (
  pieces: readonly FailingPiece[],
  fromMs: number,
  toMs: number,
): readonly FailingPiece[] => {
  let [low, high] = [0, pieces.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((pieces[middle]?.to ?? 0) <= fromMs) low = middle + 1;
    else high = middle;
  }
  const found: FailingPiece[] = [];
  for (let i = low; i < pieces.length; i += 1) {
    const piece = pieces[i];
    if (!piece || piece.from >= toMs) break;
    found.push({ ...piece, from: Math.max(piece.from, fromMs), to: Math.min(piece.to, toMs) });
  }
  return found;
};

/** The whole span, cut where the control's rate changes; zero where it fails nothing. */
const against = (pieces: readonly FailingPiece[], fromMs: number, toMs: number): readonly FailingPiece[] => {
  const cut: FailingPiece[] = [];
  let at = fromMs;
  for (const piece of pieces) {
    if (piece.from > at) cut.push({ from: at, to: piece.from, requestsPerSecond: 0 });
    cut.push(piece);
    at = piece.to;
  }
  if (at < toMs) cut.push({ from: at, to: toMs, requestsPerSecond: 0 });
  return cut;
};
