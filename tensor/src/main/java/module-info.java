/// Tensors, number formats, the contract of kernels and its scalar definition, ops and autograd.
module glia.tensor {
    exports glia.tensor;
    exports glia.tensor.autograd;
    exports glia.tensor.format;
    exports glia.tensor.kernel;
    exports glia.tensor.kernel.scalar;
    exports glia.tensor.ops;
    exports glia.tensor.ops.attention;
    exports glia.tensor.ops.expert;
    exports glia.tensor.ops.logits;
    exports glia.tensor.ops.row;
    exports glia.tensor.ops.scan;
    exports glia.tensor.ops.stream;
}
