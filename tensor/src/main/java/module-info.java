/// Tensors, number formats, the contract of kernels and its scalar definition, ops and autograd.
module glia.tensor {
    exports glia.tensor;
    exports glia.tensor.format;
    exports glia.tensor.kernel;
    exports glia.tensor.kernel.scalar;
    exports glia.tensor.ops;
}
