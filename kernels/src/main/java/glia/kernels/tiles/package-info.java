/// Machine code for tiles of F32, F16 and BF16 and of attention.
///
/// Begin with [TileCode] and [EmittedTiles].
package glia.kernels.tiles;
