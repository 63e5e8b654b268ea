/// Losses of preferences: DPO and its variants, KTO, BCO, CPO, ORPO, process reward models.
///
/// Begin with [DpoLoss] and [PairLoss].
///
/// Sources: DPO, https://arxiv.org/abs/2305.18290; KTO, https://arxiv.org/abs/2402.01306; ORPO,
/// https://arxiv.org/abs/2403.07691
package glia.reason.preference;
