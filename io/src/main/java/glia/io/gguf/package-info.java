/// GGUF files: read strictly and written.
///
/// Begin with [GgufCheckpoint] and [GgufWriter].
///
/// Source: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
package glia.io.gguf;
