/** The resolvers of all clients: cohorts of every class, what they hold of each host, and the timers that matter. */

import type { Clock, Timer } from "../../clock.ts";
import type { Random } from "../../random.ts";
import type { HostShares } from "../types.ts";
import type { ResolverClass } from "./classes.ts";
import { type Authorities, Cohort, type Moved } from "./cohort.ts";
import { fqdn } from "./names.ts";

export type ResolversOptions = {
  readonly clock: Clock;
  readonly random: Random;
  readonly authorities: Authorities;
  readonly classes: readonly ResolverClass[];
  /** Refreshes of one class are spread over so many moments of its cycle. */
  readonly cohortsPerClass: number;
};

/** What the clients of a host, or of a class, do: a sum over cohorts, kept up to date by differences. */
class Sum {
  #source = 0;
  #target = 0;
  #total = 0;

  add(share: number, { source, target }: HostShares): void {
    this.#source += share * source;
    this.#target += share * target;
    this.#total += share;
  }

  move(share: number, { before, after }: Moved): void {
    this.#source += share * (after.source - before.source);
    this.#target += share * (after.target - before.target);
  }

  /** Whole shares stay whole: sums of tenths aren't. */
  shares(): HostShares {
    const rounded = (value: number) =>
      this.#total === 0 ? 0 : Math.max(0, Math.round((value / this.#total) * 1e9) / 1e9);
    const [source, target] = [rounded(this.#source), rounded(this.#target)];
    return { source, target, nowhere: Math.max(0, Math.round((1 - source - target) * 1e9) / 1e9) };
  }
}

/** The resolvers of all clients, and the one timer that wakes each cohort when an expiry matters. */
export class Resolvers {
  readonly #clock: Clock;
  readonly #cohorts: readonly Cohort[];
  readonly #timers = new Map<Cohort, { timer: Timer; at: number }>();
  readonly #byHost = new Map<string, { sum: Sum; shares: HostShares }>();
  /** The same by the name as it was asked for: spelling it out takes longer than finding it. */
  readonly #asked = new Map<string, { readonly shares: HostShares }>();
  readonly #byClass = new Map<string, Sum>();
  readonly #listeners: (() => void)[] = [];

  constructor(options: ResolversOptions) {
    this.#clock = options.clock;
    const random = options.random.fork("resolvers");
    this.#cohorts = options.classes.flatMap((kind) => {
      this.#byClass.set(kind.name, new Sum());
      return Array.from({ length: options.cohortsPerClass }, (_, i) => {
        const phase = (i + random.next()) / options.cohortsPerClass;
        return new Cohort(kind, i, phase, options.authorities, options.clock.now());
      });
    });
  }

  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }

  shares(host: string): HostShares {
    const asked = this.#asked.get(host);
    if (asked) return asked.shares;
    const name = fqdn(host);
    const known = this.#byHost.get(name);
    if (known) {
      this.#asked.set(host, known);
      return known.shares;
    }
    const sum = new Sum();
    for (const cohort of this.#cohorts) {
      const shares = cohort.shares(name, this.#clock.now());
      sum.add(cohort.class.share, shares);
      this.#byClass.get(cohort.class.name)?.add(1, shares);
      this.#schedule(cohort);
    }
    const shares = sum.shares();
    this.#byHost.set(name, { sum, shares });
    return shares;
  }

  /** Over all hosts that anybody has asked for. */
  targetShareByClass(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.#byClass].map(([name, sum]) => [name, sum.shares().target]));
  }

  noticeChange(): void {
    for (const cohort of this.#cohorts) {
      cohort.noticeChange(this.#clock.now());
      this.#schedule(cohort);
    }
  }

  ignore(on: boolean): void {
    for (const cohort of this.#cohorts) {
      cohort.ignore(on, this.#clock.now());
      this.#schedule(cohort);
    }
  }

  #schedule(cohort: Cohort): void {
    const at = cohort.nextExpiry();
    const set = this.#timers.get(cohort);
    if (set?.at === at) return;
    set?.timer.cancel();
    this.#timers.delete(cohort);
    if (at === undefined) return;
    const timer = this.#clock.at(at, () => {
      this.#timers.delete(cohort);
      this.#move(cohort, cohort.refresh(this.#clock.now()));
      this.#schedule(cohort);
    });
    this.#timers.set(cohort, { timer, at });
  }

  #move(cohort: Cohort, moved: readonly Moved[]): void {
    if (moved.length === 0) return;
    for (const change of moved) {
      this.#byClass.get(cohort.class.name)?.move(1, change);
      const host = this.#byHost.get(change.host);
      if (!host) continue;
      host.sum.move(cohort.class.share, change);
      host.shares = host.sum.shares();
    }
    for (const listener of this.#listeners) listener();
  }
}
