/// Losses of policies, of tokens or sequences with an advantage A and a probability ratio r to the policy that sampled:
/// `-min(r·A, clip(r)·A)` (PPO, GRPO, GSPO, DAPO), `-sg(clip(r))·A·ℓ` (CISPO), `-A·ℓ` (REINFORCE) and others.
///
/// Begin with [PolicyLoss] and [ClippedRatio].
///
/// Sources: PPO, https://arxiv.org/abs/1707.06347; GSPO, https://arxiv.org/abs/2507.18071; CISPO,
/// https://arxiv.org/abs/2506.13585
package glia.reason.policy.loss;
