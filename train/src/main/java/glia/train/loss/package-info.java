/// Losses: distillation, reward models, classification, contrastive embeddings, several tokens ahead.
///
/// Begin with [CrossEntropyLoss] and [Distillation].
///
/// Sources: InfoNCE, https://arxiv.org/abs/1807.03748; distillation, https://arxiv.org/abs/1503.02531; multi-token
/// prediction, https://arxiv.org/abs/2404.19737
package glia.train.loss;
