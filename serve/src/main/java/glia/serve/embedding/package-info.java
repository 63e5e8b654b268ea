/// Embeddings and relevances of served models.
///
/// Begin with [Reranker].
package glia.serve.embedding;
