/// Operations that losses over the vocabulary are made of, fused with the language-model head: log-probabilities of
/// tokens, `ln p(t) = z[t] - ln Σ_v exp z[v]`, entropies, and divergences between two models' distributions. The logits
/// of all rows are never in memory.
///
/// Begin with [TokenLogProbs], [HeadDivergence] and [Divergence].
///
/// Sources: "Cut your losses", https://arxiv.org/abs/2411.09009; GKD, https://arxiv.org/abs/2306.13649
package glia.tensor.ops.logits;
