/// Chooses a token from logits: temperature, top-k, top-p, min-p, penalties, masks; ends at stop strings.
///
/// Begin with [Sampler] and [SamplingOptions].
///
/// Source: Nucleus sampling, https://arxiv.org/abs/1904.09751
package glia.engine.sampling;
