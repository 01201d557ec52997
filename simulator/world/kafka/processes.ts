/** The consumers of one group as processes in pods: a pod that starts joins, one that is told to stop leaves, one that is killed says nothing. */

import type { Side } from "../../../domain/phases.ts";
import type { Clock } from "../../clock.ts";
import type { PodView } from "../types.ts";
import type { Coordinator } from "./coordinator.ts";
import { Member } from "./group.ts";

export type ProcessesOptions = {
  readonly clock: Clock;
  readonly coordinator: Coordinator;
  readonly group: string;
  /** From the container's start to the first request. */
  readonly startMs: () => number;
  /** Told around a good-bye, with the side of the pod that was told to stop; and of each process that died with its node. */
  readonly onLeaving: (side: Side | undefined) => void;
  readonly onCrash: () => void;
  /** The static id of a pod; undefined for dynamic members. */
  readonly instanceId: (pod: PodView) => string | undefined;
  /** Whether what the brokers advertise means something on a side: who finds none of them joins nothing. */
  readonly reaches: (side: Side) => boolean;
};

/** A process that was refused or fenced, or finds no broker, exits; its container is started again. */
const RESTART_MS = 10_000;

type Process = { readonly pod: PodView; readonly side: Side; member: Member | undefined; over: boolean };

const keyOf = (side: Side, pod: PodView): string => `${side}/${pod.name}/${pod.address}`;

export class Processes {
  readonly #options: ProcessesOptions;
  readonly #running = new Map<string, Process>();
  readonly #cutOff = new Set<Side>();
  #made = 0;

  constructor(options: ProcessesOptions) {
    this.#options = options;
  }

  /** Those that run when the world begins are members already. */
  begin(pods: readonly (readonly [Side, PodView])[]): void {
    const started = pods.filter(([, pod]) => pod.accepting && !pod.terminating);
    const members = started.map(([side, pod]) => {
      const process = this.#add(side, pod);
      process.member = this.#memberOf(process);
      return process.member;
    });
    this.#options.coordinator.begin(members);
  }

  /** Looks at the pods again: who came, who was told to stop, who is gone. */
  look(pods: readonly (readonly [Side, PodView])[]): void {
    const { clock, coordinator } = this.#options;
    const seen = new Set<string>();
    for (const [side, pod] of pods) {
      if (!pod.accepting || pod.terminating) continue;
      seen.add(keyOf(side, pod));
      if (this.#running.has(keyOf(side, pod))) continue;
      const process = this.#add(side, pod);
      clock.after(this.#options.startMs(), () => this.#join(process));
    }
    const listed = new Set(pods.map(([side, pod]) => keyOf(side, pod)));
    const told = new Set(pods.filter(([, pod]) => pod.terminating).map(([side, pod]) => keyOf(side, pod)));
    for (const [key, process] of [...this.#running]) {
      if (seen.has(key)) continue;
      process.over = true;
      this.#running.delete(key);
      const { member } = process;
      if (!member?.alive) continue;
      if (told.has(key)) {
        this.#options.onLeaving(process.side);
        coordinator.leave(member);
        this.#options.onLeaving(undefined);
        continue;
      }
      // Its pod is listed still, so nobody deleted it: the node is gone.
      if (listed.has(key)) {
        member.excused = true;
        this.#options.onCrash();
      }
      coordinator.lose(member);
    }
  }

  /** A stranger with a static id of ours comes and goes again: what a copy that somebody forgot does. */
  intrude(instanceId: string, host: string, side: Side): void {
    const now = this.#options.clock.now();
    this.#made += 1;
    const member = new Member(
      { id: `stranger-${this.#made}`, instanceId, clientId: "stranger", host, side },
      now,
    );
    const answer = this.#options.coordinator.join(member);
    if ("fenced" in answer && answer.fenced) this.#fenced(answer.fenced);
  }

  /** From now on nothing of a side reaches the brokers, or can again: nobody says good-bye, sessions run out. */
  cutOff(side: Side, off: boolean): void {
    if (!off) {
      this.#cutOff.delete(side);
      return;
    }
    this.#cutOff.add(side);
    for (const process of this.#running.values()) {
      const { member } = process;
      if (process.side !== side || !member?.alive) continue;
      member.excused = true;
      this.#options.onCrash();
      this.#options.coordinator.lose(member);
      process.member = undefined;
      this.#restart(process);
    }
  }

  #add(side: Side, pod: PodView): Process {
    const process: Process = { pod, side, member: undefined, over: false };
    this.#running.set(keyOf(side, pod), process);
    return process;
  }

  #memberOf({ pod, side }: Process): Member {
    const { clock, group, instanceId } = this.#options;
    this.#made += 1;
    const id = instanceId(pod);
    return new Member(
      {
        id: `${id ?? `consumer-${group}`}-${String(this.#made).padStart(6, "0")}`,
        instanceId: id,
        clientId: id === undefined ? `consumer-${group}` : `consumer-${group}-${id}`,
        host: pod.address,
        side,
      },
      clock.now(),
    );
  }

  #join(process: Process): void {
    if (process.over) return;
    if (this.#cutOff.has(process.side) || !this.#options.reaches(process.side)) {
      this.#restart(process);
      return;
    }
    const member = this.#memberOf(process);
    const answer = this.#options.coordinator.join(member);
    if ("refused" in answer) {
      this.#restart(process);
      return;
    }
    process.member = member;
    if (answer.fenced) this.#fenced(answer.fenced);
  }

  /** Fenced, its process ends with an error, is started again, and fences whoever took its place. */
  #fenced(member: Member): void {
    for (const process of this.#running.values())
      if (process.member === member) {
        process.member = undefined;
        this.#restart(process);
      }
  }

  #restart(process: Process): void {
    this.#options.clock.after(RESTART_MS, () => this.#join(process));
  }
}
