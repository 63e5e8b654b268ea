/// Matrix products and attention in tiles that fit the caches, over the inner loops of a backend.
///
/// Begin with [TiledProducts] and [Attention].
///
/// Sources: Flash attention, https://arxiv.org/abs/2205.14135; anatomy of high-performance matrix multiplication,
/// https://doi.org/10.1145/1356052.1356053
package glia.kernels.tiled;
