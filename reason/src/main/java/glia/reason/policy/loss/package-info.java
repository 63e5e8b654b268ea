/// Losses of policies over a batch of tokens.
///
/// Begin with [PolicyLoss] and [ClippedRatio].
///
/// Sources: CISPO, https://arxiv.org/abs/2506.13585; GSPO, https://arxiv.org/abs/2507.18071
package glia.reason.policy.loss;
