/// Tensors: shape, type and memory outside of the heap; matrices, also quantized ones.
///
/// Begin with [Tensor], [Matrix] and [DType].
package glia.tensor;
