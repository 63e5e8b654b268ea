package glia.kernels.vector;

import glia.tensor.kernel.KernelLaws;
import glia.tensor.kernel.Kernels;
import glia.tensor.kernel.Workers;

class VectorKernelsTest extends KernelLaws {
    @Override
    public Kernels kernels(Workers workers) {
        return new VectorKernels(workers);
    }
}
