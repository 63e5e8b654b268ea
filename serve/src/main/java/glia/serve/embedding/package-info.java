/// Embeddings and relevances of served models.
///
/// Begin with [TextEmbeddings] and [Reranker].
package glia.serve.embedding;
