package glia.tensor.kernel;

import java.util.function.Consumer;

/// The set of kernels that laws are about.
interface KernelSubject {
    /// A new set on these workers.
    Kernels kernels(Workers workers);

    /// Runs a law on sets with 1 to 4 workers.
    default void withWorkers(Consumer<Kernels> law) {
        for (int count = 1; count <= 4; count++) {
            try (Workers workers = new Workers(count)) {
                law.accept(kernels(workers));
            }
        }
    }

    /// Runs a law on a set with 2 workers.
    default void withTwoWorkers(Consumer<Kernels> law) {
        try (Workers workers = new Workers(2)) {
            law.accept(kernels(workers));
        }
    }
}
