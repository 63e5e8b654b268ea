/// Completions sampled with the weights in training.
///
/// Begin with [RolloutGenerator] and [Rollout].
package glia.reason.rollout;
