package glia.cluster;

import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.tensor.kernel.Kernels;
import glia.tensor.ops.Weight;
import glia.train.recipe.RunRanks.Outer;
import glia.train.run.Trainer.StepHook;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/// DiLoCo (https://arxiv.org/abs/2311.08105): ranks train by themselves, and every H steps they take an outer step with
/// Nesterov momentum along the mean of what they changed:
/// ```
/// Δ = mean of (v - w) over the ranks     b ← μ·b + Δ     v ← v - η·(Δ + μ·b)     w ← α·w + (1 - α)·v
/// ```
/// where w are the weights of a rank and v those after the outer step before. Streaming DiLoCo
/// (https://arxiv.org/abs/2501.18512): fragments of the weights take their outer steps at different times, H/F steps
/// apart; their messages are under way for τ steps, in which ranks train on; and α is above 0 only then. Messages may
/// have 8 or 4 bits ([OuterMessage]).
///
/// Numbers are added in the order of the ranks, so that the result does not depend on the transport. For a fragment of
/// n weights a rank sends `2·(P - 1)/P·4n` bytes each H steps, or `P - 1` messages in 8 or 4 bits.
final class OuterSteps implements StepHook {
    private record Part(Weight.Stored weight, Tensor before, Tensor momentum) { }

    /// Weights that take their outer steps together.
    private static final class Fragment {
        private final List<Part> parts = new ArrayList<>();
        private long size;
        /// What is under way: Δ or the messages of all ranks, and the step after which it is due.
        private Arena arena;
        private MemorySegment delta;
        private List<MemorySegment> messages = List.of();
        private Future<?> exchange;
        private long due;
    }

    private final Collective collective;
    private final Kernels kernels;
    private final Outer outer;
    private final OuterMessage message;
    private final Map<String, Part> parts = new LinkedHashMap<>();
    private final List<Fragment> fragments = new ArrayList<>();
    private final ExecutorService thread;

    /// @param collective with messages of its own, since they are under way while others are sent
    OuterSteps(Collective collective, Kernels kernels, Map<String, Weight.Stored> weights, Outer outer) {
        this.collective = collective;
        this.kernels = kernels;
        this.outer = outer;
        message = new OuterMessage(outer.bits());
        thread = Executors.newSingleThreadExecutor(Thread.ofPlatform().daemon().name("outer-" + collective.rank())
                .factory());
        for (int f = 0; f < outer.fragments(); f++) {
            fragments.add(new Fragment());
        }
        Arena arena = Arena.ofAuto();
        weights.forEach((name, w) -> {
            Tensor before = Tensor.allocate(arena, DType.F32, w.shape());
            before.copyFrom(w.tensor());
            Part part = new Part(w, before, Tensor.allocate(arena, DType.F32, w.shape()));
            parts.put(name, part);
            Fragment least = fragments.stream().min(Comparator.comparingLong(f -> f.size)).orElseThrow();
            least.parts.add(part);
            least.size += before.size();
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
        boolean isWhole = outer.isWhole(step);
        for (Fragment f : fragments) {
            if (f.exchange != null && (isWhole || f.due <= step)) {
                finish(f, outer.overlap() > 0 ? outer.mix() : 0);
            }
        }
        for (int i = 0; i < fragments.size(); i++) {
            if (isWhole || outer.isDue(step, i)) {
                begin(fragments.get(i), step);
                if (isWhole || outer.overlap() == 0) {
                    finish(fragments.get(i), 0);
                }
            }
        }
        if (step == outer.last()) {
            thread.shutdown();
        }
    }

    private void begin(Fragment f, long step) {
        f.arena = Arena.ofShared();
        f.due = step + outer.overlap();
        f.delta = f.arena.allocate(Math.max(1, f.size) * Float.BYTES, 64).asSlice(0, f.size * Float.BYTES);
        long at = 0;
        for (Part part : f.parts) {
            Tensor delta = tensor(f, at, part);
            kernels.add(delta, part.before, part.weight.tensor(), -1);
            at += part.before.size();
        }
        if (message.bits() == Float.SIZE) {
            f.exchange = thread.submit(() -> average(f.delta));
            return;
        }
        f.messages = new ArrayList<>();
        for (int p = 0; p < collective.size(); p++) {
            f.messages.add(f.arena.allocate(Math.max(1, message.bytes(f.size))).asSlice(0, message.bytes(f.size)));
        }
        message.encode(f.delta, f.messages.get(collective.rank()));
        f.exchange = thread.submit(() -> collective.allGather(f.messages));
    }

    private static Tensor tensor(Fragment f, long at, Part part) {
        return Tensor.of(DType.F32, f.delta.asSlice(at * Float.BYTES, part.before.size() * Float.BYTES),
                part.before.shape());
    }

    private void finish(Fragment f, double mix) {
        ThreadedGroup.end(f.exchange);
        f.exchange = null;
        if (!f.messages.isEmpty()) {
            f.delta.fill((byte) 0);
            f.messages.forEach(received -> message.add(received, f.delta));
            f.messages = List.of();
            scale(f.delta, collective.size());
        }
        long at = 0;
        for (Part part : f.parts) {
            Tensor delta = tensor(f, at, part);
            at += part.before.size();
            kernels.scale(part.momentum, part.momentum, (float) outer.momentum());
            kernels.add(part.momentum, part.momentum, delta, 1);
            kernels.add(part.before, part.before, delta, (float) -outer.rate());
            kernels.add(part.before, part.before, part.momentum, (float) (-outer.rate() * outer.momentum()));
            part.weight.update(w -> {
                if (mix == 0) {
                    w.copyFrom(part.before);
                } else {
                    kernels.scale(w, w, (float) mix);
                    kernels.add(w, w, part.before, (float) (1 - mix));
                }
            });
        }
        f.arena.close();
    }

    private static void scale(MemorySegment values, int ranks) {
        for (long i = 0; i < values.byteSize() / Float.BYTES; i++) {
            values.setAtIndex(ValueLayout.JAVA_FLOAT, i, values.getAtIndex(ValueLayout.JAVA_FLOAT, i) / ranks);
        }
    }

    /// Makes values the mean over all ranks: each adds up a slice.
    private void average(MemorySegment values) {
        int ranks = collective.size();
        long n = values.byteSize() / Float.BYTES;
        List<MemorySegment> slices = new ArrayList<>();
        for (int p = 0; p < ranks; p++) {
            slices.add(values.asSlice(Float.BYTES * (n * p / ranks), Float.BYTES
                    * (n * (p + 1) / ranks - n * p / ranks)));
        }
        MemorySegment own = slices.get(collective.rank());
        try (Arena arena = Arena.ofShared()) {
            List<MemorySegment> received = new ArrayList<>();
            for (int p = 0; p < ranks; p++) {
                received.add(arena.allocate(Math.max(1, own.byteSize()), Float.BYTES).asSlice(0, own.byteSize()));
            }
            collective.allToAll(slices, received);
            for (long i = 0; i < own.byteSize() / Float.BYTES; i++) {
                float sum = 0;
                for (MemorySegment of : received) {
                    sum += of.getAtIndex(ValueLayout.JAVA_FLOAT, i);
                }
                own.setAtIndex(ValueLayout.JAVA_FLOAT, i, sum / ranks);
            }
            collective.allGather(slices);
        }
    }
}
