package glia.kernels.vector;

import glia.tensor.kernel.KernelContract;
import glia.tensor.kernel.Kernels;
import glia.tensor.kernel.Workers;

class VectorKernelsTest extends KernelContract {
    @Override
    public Kernels kernels(Workers workers) {
        return new VectorKernels(workers);
    }

    @Override
    public int[] tokensOfUpdates() {
        return new int[] {1, 3, 16};
    }
}
