package glia.tensor.ops;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import glia.tensor.DType;
import glia.tensor.Precision;
import glia.tensor.Tensor;
import glia.tensor.kernel.RecurrentState;
import glia.tensor.kernel.Runs;
import glia.tensor.kernel.Workers;
import glia.kernels.KernelBackends;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/// Runs recurrences in pieces that pass on their state.
final class ScanFixture implements AutoCloseable {
    /// A recurrence over the tokens `from` to `to` of its inputs.
    interface Scan {
        Tensor run(int from, int to, RecurrentState state, Runs runs);
    }

    static Runs runs(int... tokens) {
        Runs runs = new Runs();
        for (int count : tokens) {
            runs.add(count, 0);
        }
        return runs;
    }

    final Arena arena = Arena.ofShared();
    final Workers workers = new Workers(2);
    final Compute ops = new Compute(KernelBackends.choose("scalar", workers).kernels(), Precision.EXACT);
    private final Random random = new Random(5);

    Tensor random(int rows, int cols) {
        return GradientCheck.random(arena, DType.F32, random, rows, cols);
    }

    /// Compares the full sequence with pieces that pass the state from one memory to another.
    void compare(int tokens, int piece, int stateSize, Scan scan) {
        float[] whole = scan.run(0, tokens, RecurrentState.NONE, runs(tokens)).toArray();
        Tensor[] memory = {Tensor.allocate(arena, DType.F32, stateSize),
            Tensor.allocate(arena, DType.F32, stateSize)};
        List<Float> found = new ArrayList<>();
        int current = 0;
        for (int at = 0; at < tokens; at += piece) {
            long before = at == 0 ? 0 : memory[current].address();
            long after = memory[1 - current].address();
            current = 1 - current;
            Tensor y = scan.run(at, Math.min(tokens, at + piece), new RecurrentState() {
                @Override
                public long before(int run) {
                    return before;
                }

                @Override
                public long after(int run) {
                    return after;
                }
            }, runs(Math.min(piece, tokens - at)));
            for (float x : y.toArray()) {
                found.add(x);
            }
        }
        float[] pieces = new float[found.size()];
        for (int i = 0; i < pieces.length; i++) {
            pieces[i] = found.get(i);
        }
        assertArrayEquals(whole, pieces, 1e-5f);
    }

    @Override
    public void close() {
        ops.close();
        workers.close();
        arena.close();
    }
}
