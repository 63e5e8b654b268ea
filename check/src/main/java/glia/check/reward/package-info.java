/// Reference cases of rewards.
///
/// Begin with [RewardCases].
package glia.check.reward;
