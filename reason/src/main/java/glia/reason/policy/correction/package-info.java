/// Corrections for the difference between the policy in training and the one that sampled.
///
/// Begin with [RolloutCorrection].
///
/// Source: Truncated importance sampling, https://arxiv.org/abs/1802.01561
package glia.reason.policy.correction;
