/// Losses of preferences. With rewards `r = β · ln(π(y|x) / π_ref(y|x))` of a chosen and a rejected completion, DPO is
/// `-ln σ(r_w - r_l)`; KTO and BCO take completions without pairs, CPO, SimPO and ORPO no reference model; process
/// reward models learn labels of steps.
///
/// Begin with [PreferenceLoss], [DpoLoss] and [PairLoss].
///
/// Sources: DPO, https://arxiv.org/abs/2305.18290; KTO, https://arxiv.org/abs/2402.01306; ORPO,
/// https://arxiv.org/abs/2403.07691
package glia.reason.preference;
