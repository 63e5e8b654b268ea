/// The parts of a network as computations, each with its formula and paper.
///
/// Begin with [Decoder], [AttentionBlock] and [MlpBlock].
///
/// Source: Attention is all you need, https://arxiv.org/abs/1706.03762
package glia.model.block;
