/// Several residual streams: hyper-connections and alternating updates.
///
/// Begin with [StreamMix] and [HyperWeights].
///
/// Sources: hyper-connections, https://arxiv.org/abs/2409.19606; with constraints, https://arxiv.org/abs/2512.24880;
/// alternating updates, https://arxiv.org/abs/2301.13310
package glia.tensor.ops.stream;
