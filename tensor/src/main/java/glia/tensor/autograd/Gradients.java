package glia.tensor.autograd;

import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.tensor.kernel.Kernels;
import glia.tensor.ops.CountedMemory;
import glia.tensor.ops.Weight;
import java.lang.foreign.Arena;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.Optional;

/// The gradients of weights: F32, of the weight's shape, zero until a backward pass adds to them.
public final class Gradients implements AutoCloseable {
    private final Arena arena = Arena.ofShared();
    private final Map<Weight, Tensor> byWeight = new IdentityHashMap<>();

    private final Optional<CountedMemory> counted;

    public Gradients() {
        counted = Optional.empty();
    }

    /// Gradients that are only counted: `sizeBytes` is what others would hold.
    public Gradients(CountedMemory memory) {
        counted = Optional.of(memory);
    }

    /// The gradient of a weight; a tensor of zeros if nothing has been added yet.
    public Tensor of(Weight w) {
        return byWeight.computeIfAbsent(w, key -> counted.isPresent()
                ? counted.get().tensor(DType.F32, key.shape()) : Tensor.allocate(arena, DType.F32, key.shape()));
    }

    /// The gradient of a weight, if a backward pass has reached it.
    public Optional<Tensor> find(Weight w) {
        return Optional.ofNullable(byWeight.get(w));
    }

    /// Size of all gradients, in bytes.
    public long sizeBytes() {
        return byWeight.values().stream().mapToLong(Tensor::sizeBytes).sum();
    }

    /// Sets all gradients to zero, on all threads of the kernels.
    public void zero(Kernels kernels) {
        byWeight.values().forEach(kernels.gradients()::zero);
    }

    @Override
    public void close() {
        if (arena.scope().isAlive()) {
            arena.close();
        }
    }
}
