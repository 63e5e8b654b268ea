package glia.cluster;

import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.tensor.kernel.Kernels;
import glia.tensor.ops.Weight;
import glia.train.recipe.RunRanks.Outer;
import glia.train.run.Trainer.StepHook;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// DiLoCo (https://arxiv.org/abs/2311.08105): ranks train by themselves, and every H steps they take an outer step with
/// Nesterov momentum along the mean of what they changed:
/// ```
/// Δ = w - mean of the ranks' weights        b ← μ·b + Δ        w ← w - η·(Δ + μ·b)
/// ```
/// where w are the weights after the outer step before. Each rank adds up a part of every weight in the order of the
/// ranks, so that the result does not depend on the transport. A rank sends 2·(P - 1)/P·4N bytes each H steps.
final class OuterSteps implements StepHook {
    private record Part(Weight.Stored weight, Tensor before, Tensor momentum) { }

    private final Collective collective;
    private final Kernels kernels;
    private final Outer outer;
    private final Map<String, Part> parts = new LinkedHashMap<>();

    OuterSteps(Collective collective, Kernels kernels, Map<String, Weight.Stored> weights, Outer outer) {
        this.collective = collective;
        this.kernels = kernels;
        this.outer = outer;
        Arena arena = Arena.ofAuto();
        weights.forEach((name, w) -> {
            Tensor before = Tensor.allocate(arena, DType.F32, w.shape());
            before.copyFrom(w.tensor());
            parts.put(name, new Part(w, before, Tensor.allocate(arena, DType.F32, w.shape())));
        });
    }

    /// The momenta by the names of their parameters, for a checkpoint.
    Map<String, Tensor> state() {
        Map<String, Tensor> state = new LinkedHashMap<>();
        parts.forEach((name, part) -> state.put("outer." + name, part.momentum));
        return state;
    }

    @Override
    public void updated(long step) {
        if (!outer.isDue(step)) {
            return;
        }
        for (Part part : parts.values()) {
            part.weight.update(w -> {
                average(w);
                // Δ, in the place of the weights before.
                kernels.add(part.before, part.before, w, -1);
                kernels.scale(part.momentum, part.momentum, (float) outer.momentum());
                kernels.add(part.momentum, part.momentum, part.before, 1);
                // w - η·(Δ + μ·b) is mean + (1 - η)·Δ - η·μ·b.
                kernels.add(w, w, part.before, (float) (1 - outer.rate()));
                kernels.add(w, w, part.momentum, (float) (-outer.rate() * outer.momentum()));
                part.before.copyFrom(w);
            });
        }
    }

    /// Makes a weight the mean over all ranks.
    private void average(Tensor weight) {
        int ranks = collective.size();
        List<MemorySegment> slices = new ArrayList<>();
        for (int p = 0; p < ranks; p++) {
            long from = weight.size() * p / ranks;
            slices.add(weight.memory().asSlice(Float.BYTES * from,
                    Float.BYTES * (weight.size() * (p + 1) / ranks - from)));
        }
        MemorySegment own = slices.get(collective.rank());
        try (Arena arena = Arena.ofShared()) {
            List<MemorySegment> received = new ArrayList<>();
            for (int p = 0; p < ranks; p++) {
                received.add(arena.allocate(Math.max(1, own.byteSize()), Float.BYTES).asSlice(0, own.byteSize()));
            }
            collective.allToAll(slices, received);
            if (own.byteSize() > 0) {
                Tensor sum = Tensor.of(DType.F32, own, own.byteSize() / Float.BYTES);
                sum.copyFrom(Tensor.of(DType.F32, received.getFirst(), sum.size()));
                for (int p = 1; p < ranks; p++) {
                    kernels.add(sum, sum, Tensor.of(DType.F32, received.get(p), sum.size()), 1);
                }
                kernels.scale(sum, sum, 1f / ranks);
            }
            collective.allGather(slices);
        }
    }
}
