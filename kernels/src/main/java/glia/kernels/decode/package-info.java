/// Machine code that decodes rows of weights to F32.
///
/// Begin with [RowDecoder] and [DequantizeCode].
package glia.kernels.decode;
