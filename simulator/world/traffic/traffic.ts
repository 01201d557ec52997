/**
 * The clients of the platform and what becomes of their requests: a fluid, integrated exactly between changes. Whatever may change a flow
 * (pods, Services, DNS, the hour, a draining pool, an announced pause) first books what flowed until then, and makes the flow anew at the
 * end of the same instant.
 */

import { SIDES, type Side } from "../../../domain/phases.ts";
import type { Clock } from "../../clock.ts";
import type { Traffic } from "../types.ts";
import { makeAlarms } from "./alarms.ts";
import { type Books, type FailingPiece, makeBooks } from "./books.ts";
import { DEMAND_STEP_MS } from "./demand.ts";
import type { WorkloadFlow } from "./evaluate.ts";
import { Flows, type PartState, type Subject } from "./flows.ts";
import type { Graph } from "./graph.ts";
import type { TimelinePiece } from "./history.ts";
import { type Ledger, makeLedger } from "./ledger.ts";
import type { Control, TrafficOptions } from "./options.ts";
import { POOL_STEP_MS } from "./pools.ts";

export type { FailingPiece } from "./books.ts";
export type { TimelinePiece } from "./history.ts";
export type { Control, TrafficOptions } from "./options.ts";

export type TrafficWorld = Traffic &
  Control & {
    /** Writes a traffic line with all that came since the last; at phase changes, and at the end. */
    readonly flush: () => void;
    readonly graph: Graph;
    /** What each workload gets now, on each side that gets anything. */
    readonly workloads: () => readonly WorkloadFlow[];
    /** What one workload gets now on a side; undefined where that is nothing. */
    readonly workload: (side: Side, name: string) => WorkloadFlow | undefined;
    /** Whether an announced pause of a workload isn't over. */
    readonly isPaused: (workload: string) => boolean;
    /** The flows of a host's or workload's part, oldest first, of the last day: what the metrics are made of. */
    readonly history: (of: Subject) => readonly TimelinePiece[];
  };

const LINE_EVERY_MS = 900_000;
const MINUTE_MS = 60_000;
const ALARM_AFTER_MS = 1_000;
/** Both sides serve while each gets at least this share of the clients. */
const BOTH_SHARE = 0.001;

export const makeTraffic = (options: TrafficOptions): TrafficWorld => new Run(options);

class Run implements TrafficWorld {
  readonly graph: Graph;
  readonly #options: TrafficOptions;
  readonly #clock: Clock;
  readonly #flows: Flows;
  readonly #ledger: Ledger = makeLedger();
  readonly #books: Books;
  #startedAt: number | undefined;
  #toldAt: number;
  #refreshing = false;
  #draining = false;
  #counting = false;

  constructor(options: TrafficOptions) {
    const { clock, emit, control, source, target, dns } = options;
    this.#options = options;
    this.#clock = clock;
    this.#toldAt = clock.now();
    this.#flows = new Flows(options);
    this.graph = this.#flows.graph;
    this.#books = makeBooks({ ledger: this.#ledger, alarms: makeAlarms(emit), control });
    for (const cluster of [source, target]) {
      cluster.onChange((change) => {
        this.#flows.changed(change ?? "everything");
        this.#soon();
      });
    }
    dns.onChange(this.#look);
    options.outside?.onChange(this.#look);
    this.#hour();
    clock.after(LINE_EVERY_MS, this.#quarter);
  }

  settle = (): void => {
    this.#refresh();
    for (const part of this.#flows.parts) this.#book(part);
  };

  flush = (): void => {
    this.settle();
    if (this.#toldAt === this.#clock.now()) return;
    this.#toldAt = this.#clock.now();
    this.#options.emit(this.#ledger.line(rounded(this.#options.dns.targetShareByClass())));
  };

  totals = () => {
    this.settle();
    return this.#ledger.totals();
  };

  arriving = (side: Side) => {
    this.#refresh();
    return this.#flows.arriving(side);
  };

  announcePause = (workload: string, seconds: number): void => {
    this.#flows.pause(workload, this.#clock.now() + seconds * 1000);
    this.#clock.after(seconds * 1000, this.#look);
    this.#soon();
  };

  isPaused = (workload: string): boolean => this.#flows.isPaused(workload);

  failing = (host: string, fromMs: number, toMs: number): readonly FailingPiece[] => {
    this.settle();
    return fromMs === toMs ? this.#flows.failingNow(host) : this.#books.failing(host, fromMs, toMs);
  };

  workloads = (): readonly WorkloadFlow[] => {
    this.#refresh();
    return this.#flows.workloads();
  };

  workload = (side: Side, name: string): WorkloadFlow | undefined => {
    this.#refresh();
    return this.#flows.workload(side, name);
  };

  history = (of: Subject): readonly TimelinePiece[] => {
    this.#refresh();
    return this.#flows.history(of);
  };

  /** Books what flowed in a part until now, before its flow is replaced. */
  #book = (part: PartState): void => {
    const now = this.#clock.now();
    if (this.#startedAt !== undefined && part.evaluation) {
      this.#books.book(part.evaluation, Math.max(part.bookedAt, this.#startedAt), now);
    }
    part.bookedAt = now;
  };

  /** Looks at the flows at the end of this instant, once, however much changes in it. */
  #soon = (): void => {
    if (this.#refreshing) return;
    this.#refreshing = true;
    this.#clock.at(this.#clock.now(), () => {
      this.#refreshing = false;
      this.#refresh();
    });
  };

  #look = (): void => {
    this.#flows.changed("inputs");
    this.#soon();
  };

  #refresh = (): void => {
    if (this.#startedAt === undefined) {
      this.#flows.begin();
      this.#startedAt = this.#clock.now();
    }
    const wake = this.#flows.refresh(this.#book);
    if (wake.failing) this.#clock.after(ALARM_AFTER_MS, this.settle);
    for (const at of wake.at) this.#clock.at(at, this.#look);
    if (wake.moving && !this.#draining) {
      this.#draining = true;
      this.#clock.after(POOL_STEP_MS, this.#drain);
    }
    if (wake.changed && !this.#counting && this.#bothServe()) this.#minute();
  };

  #drain = (): void => {
    this.#draining = false;
    this.#flows.drainPools(POOL_STEP_MS);
    this.#soon();
  };

  /** The demand's next step. */
  #hour = (): void => {
    this.#look();
    this.#clock.at((Math.floor(this.#clock.now() / DEMAND_STEP_MS) + 1) * DEMAND_STEP_MS, this.#hour);
  };

  #bothServe(): boolean {
    const [source = 0, target = 0] = SIDES.map((side) => this.#flows.arriving(side).requestsPerSecond);
    return Math.min(source, target) > BOTH_SHARE * (source + target);
  }

  #minute = (): void => {
    this.#counting = this.#bothServe();
    if (this.#counting) this.#clock.after(MINUTE_MS, this.#minute);
    if (this.#clock.now() - this.#toldAt >= MINUTE_MS) this.flush();
  };

  #quarter = (): void => {
    if (this.#clock.now() - this.#toldAt >= LINE_EVERY_MS) this.flush();
    this.#clock.at(this.#toldAt + LINE_EVERY_MS, this.#quarter);
  };
}

const rounded = (shares: Readonly<Record<string, number>>): Record<string, number> =>
  Object.fromEntries(
    Object.entries(shares)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, share]) => [name, Math.round(share * 10_000) / 10_000]),
  );
