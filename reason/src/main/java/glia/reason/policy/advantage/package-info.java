/// Advantages of completions from their rewards.
///
/// Begin with [AdvantageEstimator] and [GroupRelative].
///
/// Sources: GAE, https://arxiv.org/abs/1506.02438; RLOO, https://arxiv.org/abs/2402.14740
package glia.reason.policy.advantage;
