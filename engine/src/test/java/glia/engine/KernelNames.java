package glia.engine;

import glia.tensor.kernel.emitted.EmittedKernels;
import java.util.List;

/// The sets of kernels that laws are tested with.
public final class KernelNames {
    private KernelNames() { }

    /// Those that run on this machine.
    public static List<String> here() {
        return EmittedKernels.obstacle().isEmpty() ? List.of("scalar", "vector", "emitted", "emitted-avx2")
                : List.of("scalar", "vector");
    }
}
