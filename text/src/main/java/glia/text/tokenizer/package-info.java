/// Tokenizers: text to token ids and back, also while streaming.
///
/// Begin with [Tokenizer] and [StreamingDecoder].
///
/// Sources: Byte-pair encoding, https://arxiv.org/abs/1508.07909; SentencePiece, https://arxiv.org/abs/1808.06226
package glia.text.tokenizer;
