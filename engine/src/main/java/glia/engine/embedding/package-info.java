/// Vectors of texts: pooling, normalization, prompts.
///
/// Begin with [Embedder].
///
/// Source: Sentence-BERT, https://arxiv.org/abs/1908.10084
package glia.engine.embedding;
