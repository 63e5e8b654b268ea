/// Losses of distillation: a student learns a teacher's next-token distributions T by the divergence of its own S, the
/// forward `KL(T‖S) = Σ T · (ln T - ln S)`, the reverse `KL(S‖T)`, or a Jensen–Shannon divergence between; and
/// estimators of divergences from sampled tokens.
///
/// Begin with [Distillation] and [KlEstimator].
///
/// Sources: GKD, https://arxiv.org/abs/2306.13649; MiniLLM, https://arxiv.org/abs/2306.08543; distillation,
/// https://arxiv.org/abs/1503.02531
package glia.train.distillation;
