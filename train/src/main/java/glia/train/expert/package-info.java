/// Auxiliary losses and updates that balance the load of experts: the load-balancing loss `X · Σ_e f_e · P_e` of the
/// share of tokens f and the mean probability P of each of X experts, the router z-loss, and biases that move after a
/// step.
///
/// Begin with [ExpertTraining] and [ExpertLosses].
///
/// Sources: Switch Transformers, https://arxiv.org/abs/2101.03961; DeepSeek-V3, https://arxiv.org/abs/2412.19437
package glia.train.expert;
