/**
 * Every error of the domain, by name. State machines match on the names (`ErrorEquals`), people read the messages:
 * what happened, to what, what is safe now, what to do next.
 */

/** A problem in what a person gave us (a file, a flag, a manifest): printed as one sentence, never with a stack. */
export class BadInput extends Error {
  override readonly name = "BadInput";
}

/** The plan or preflight says no before anything was changed. */
export class Refused extends Error {
  override readonly name = "Refused";
}

/** An error that a state machine retries: the platform was busy, nothing is known to be wrong. */
export class Transient extends Error {
  override readonly name: string = "Transient";
}

/** The other side answered "too many requests"; the state machine retries with backoff. */
export class Throttled extends Transient {
  override readonly name = "Throttled";
}

/** An object changed between our read and our write; the state machine retries, which reads again. */
export class Conflict extends Transient {
  override readonly name = "Conflict";
}

/** No answer came: the effect may or may not have happened. The retry reads back before it acts. */
export class AnswerLost extends Transient {
  override readonly name = "AnswerLost";
}

/** An effect was made and the read-back shows another state. The state machine retries, then the phase fails. */
export class NotAsIntended extends Transient {
  override readonly name = "NotAsIntended";
}

/** Something is on its way to the state in which it can be changed, and takes minutes: the state machine asks again, for longer than usual. */
export class StillSettling extends Transient {
  override readonly name = "StillSettling";
}

/** The guard holds the run: what would begin now waits, and nothing was changed. */
export class Held extends Error {
  override readonly name = "Held";
}

/** Members of a consumer group come and go one at a time: the next waits until the one before stands. Asked again for up to an hour. */
export class GroupSettling extends Transient {
  override readonly name = "GroupSettling";
}

/** A pod should have been gone and hangs in Terminating, and what waits for it can't be done without a person, who is told at once. */
export class PodStuck extends Error {
  override readonly name = "PodStuck";
}

/** A rollback of this migration has begun: forward effects are refused from here on. */
export class FenceRaised extends Error {
  override readonly name = "FenceRaised";
}

/** The moment until which a traffic step might begin has gone by: the window is judged again before it does. */
export class WindowPassed extends Error {
  override readonly name = "WindowPassed";
}

/** A question has its answer already: who would ask it again goes by that one. */
export class AlreadyDecided extends Error {
  override readonly name = "AlreadyDecided";
}

/** Another migration holds the cluster; a second start is refused and names the first. */
export class ClusterBusy extends Error {
  override readonly name = "ClusterBusy";
}

/** The service said that we may not. Retrying can't help; a permission has to be granted. */
export class Forbidden extends Error {
  override readonly name = "Forbidden";
}

/** An object that a step relies on isn't there. */
export class NotFound extends Error {
  override readonly name = "NotFound";
}

/** The service judged our request malformed or against its rules (HTTP 400 and 422). */
export class Invalid extends Error {
  override readonly name = "Invalid";
}

/** An exclusive thing is owned by the other side: starting it here would make two. */
export class OwnedElsewhere extends Error {
  override readonly name = "OwnedElsewhere";
}

/** What a state machine's Retry lists: errors after which the same call may succeed. */
export const RETRYABLE = ["Transient", "Throttled", "Conflict", "AnswerLost", "NotAsIntended"] as const;
