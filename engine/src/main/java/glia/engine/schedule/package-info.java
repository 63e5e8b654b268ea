/// Continuous batching: requests join and leave the batch at each step; preemption, turns by key.
///
/// Begin with [Scheduler] and [GenerationRequest].
///
/// Source: Orca, https://www.usenix.org/conference/osdi22/presentation/yu
package glia.engine.schedule;
