/// Mixture of experts: routing, grouped products, balance.
///
/// Begin with [Router] and [ExpertMlp].
///
/// Sources: Sparsely gated experts, https://arxiv.org/abs/1701.06538; balance without a loss,
/// https://arxiv.org/abs/2408.15664
package glia.tensor.ops.expert;
