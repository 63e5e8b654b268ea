/// Tensors, number formats, kernels and autograd.
module glia.tensor {
    requires static jdk.incubator.vector;

    exports glia.tensor;
    exports glia.tensor.asm;
    exports glia.tensor.format;
    exports glia.tensor.kernel;
    exports glia.tensor.kernel.choice;
    exports glia.tensor.kernel.emitted;
    exports glia.tensor.kernel.scalar;
    exports glia.tensor.kernel.vector;
    exports glia.tensor.ops;
}
