/// Quantized formats: encoding to blocks and decoding.
///
/// Begin with [Decode] and [Encode].
///
/// Source: https://github.com/ggml-org/ggml/blob/master/src/ggml-quants.h
package glia.tensor.format;
