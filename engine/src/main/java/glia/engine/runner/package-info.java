/// How a scheduler's steps run on an engine: plain decoding, and speculative decoding with a draft model, the model's
/// first layers or its multi-token-prediction layer.
///
/// Begin with [Runners] and [EngineRunner].
///
/// Source: Speculative decoding, https://arxiv.org/abs/2211.17192
package glia.engine.runner;
