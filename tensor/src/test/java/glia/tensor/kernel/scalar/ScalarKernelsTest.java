package glia.tensor.kernel.scalar;

import glia.tensor.kernel.KernelLaws;
import glia.tensor.kernel.Kernels;
import glia.tensor.kernel.Workers;

class ScalarKernelsTest extends KernelLaws {
    @Override
    public Kernels kernels(Workers workers) {
        return new ScalarKernels(workers);
    }
}
