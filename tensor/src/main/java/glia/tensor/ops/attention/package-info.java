/// Softmax attention and sparse attention with an indexer.
///
/// Begin with [SoftmaxAttention] and [SparseAttention].
///
/// Source: DeepSeek V3.2, https://arxiv.org/abs/2512.02556
package glia.tensor.ops.attention;
