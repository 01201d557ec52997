/** A topic as a fluid: every partition gets its share of a constant rate, so that one log end stands for all of them. */

/** Offsets of a topic that has been written to for long. */
const FIRST_OFFSET = 100_000;

export class Topic {
  readonly name: string;
  readonly partitions: number;
  #perPartition: number;
  #end = FIRST_OFFSET;
  #at: number;
  /** Told before the rate changes: what flowed until then flowed at the old one. */
  readonly #readers: (() => void)[] = [];

  /** @param messagesPerSecond Into all partitions together. */
  constructor(name: string, partitions: number, messagesPerSecond: number, now: number) {
    this.name = name;
    this.partitions = Math.max(1, partitions);
    this.#perPartition = messagesPerSecond / this.partitions;
    this.#at = now;
  }

  /** Messages a second into one partition. */
  rate(): number {
    return this.#perPartition;
  }

  /** The log end of each partition, as a fluid. */
  end(now: number): number {
    return this.#end + (this.#perPartition * (now - this.#at)) / 1000;
  }

  /** When it was last written to. */
  lastWriteAt(now: number): number | undefined {
    if (this.#perPartition > 0) return now;
    return this.#end > FIRST_OFFSET ? this.#at : undefined;
  }

  onRate(reader: () => void): void {
    this.#readers.push(reader);
  }

  setRate(messagesPerSecond: number, now: number): void {
    const next = messagesPerSecond / this.partitions;
    if (next === this.#perPartition) return;
    for (const reader of this.#readers) reader();
    this.#end = this.end(now);
    this.#at = now;
    this.#perPartition = next;
  }
}
