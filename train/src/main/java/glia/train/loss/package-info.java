/// Losses of a model's own outputs: next tokens (`-ln p(t)`, with label smoothing, z-loss, several tokens ahead, early
/// exits), classes and rewards of texts (`-ln σ(chosen - rejected)`), and embeddings.
///
/// Begin with [CrossEntropyLoss] and [ClassificationLoss].
///
/// Sources: z-loss, https://arxiv.org/abs/2204.02311; multi-token prediction, https://arxiv.org/abs/2404.19737;
/// InfoNCE, https://arxiv.org/abs/1807.03748
package glia.train.loss;
