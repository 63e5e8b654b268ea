package glia.tensor.ops;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.tensor.kernel.RecurrentState;
import glia.tensor.kernel.Runs;
import glia.tensor.ops.scan.RecurrentScan.RecurrentCell;
import glia.tensor.ops.scan.RecurrentScan;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

/// Recurrent networks of any size over any runs: each token's result is that of the F64 formula, depends on no other
/// run and no later token, and does not change when a run is split.
class RecurrentScanPropertyTest {
    @Property(tries = 100)
    void anyRunsGiveTheFormula(@ForAll RecurrentCell cell, @ForAll @IntRange(min = 1, max = 9) int size,
            @ForAll @Size(min = 1, max = 5) List<@IntRange(min = 0, max = 7) Integer> lengths, @ForAll long seed) {
        try (ScanFixture lab = new ScanFixture()) {
            Runs runs = ScanFixture.runs(lengths.stream().mapToInt(Integer::intValue).toArray());
            Network network = new Network(lab, cell, size, runs.numTokens(), seed);
            double[] expected = RecurrentScanTest.run(cell, network.x, network.weight, network.bias, size, runs);
            assertArrayEquals(expected, GradientCheck.toDoubles(network.scan(0, runs.numTokens(), runs)), 1e-5);
        }
    }

    @Property(tries = 100)
    void laterTokensChangeNothing(@ForAll RecurrentCell cell, @ForAll @IntRange(min = 1, max = 9) int size,
            @ForAll @IntRange(min = 1, max = 12) int tokens, @ForAll @IntRange(min = 0, max = 11) int cut,
            @ForAll long seed) {
        try (ScanFixture lab = new ScanFixture()) {
            int kept = cut % tokens + 1;
            Network network = new Network(lab, cell, size, tokens, seed);
            float[] whole = network.scan(0, tokens, ScanFixture.runs(tokens)).toArray();
            float[] begun = network.scan(0, kept, ScanFixture.runs(kept)).toArray();
            float[] same = java.util.Arrays.copyOf(whole, begun.length);
            assertArrayEquals(same, begun, 1e-6f);
        }
    }

    @Property(tries = 100)
    void splittingARunChangesNothing(@ForAll RecurrentCell cell, @ForAll @IntRange(min = 1, max = 9) int size,
            @ForAll @IntRange(min = 1, max = 12) int tokens, @ForAll @IntRange(min = 1, max = 12) int piece,
            @ForAll long seed) {
        try (ScanFixture lab = new ScanFixture()) {
            Network network = new Network(lab, cell, size, tokens, seed);
            lab.compare(tokens, Math.min(piece, tokens), cell.numVectors() * size, network::scan);
        }
    }

    /// A network with its own weights.
    private static final class Network {
        final double[] x;
        final double[] weight;
        final double[] bias;
        private final ScanFixture lab;
        private final RecurrentCell cell;
        private final Tensor inputs;
        private final Weight matrix;
        private final Weight offsets;

        Network(ScanFixture lab, RecurrentCell cell, int size, int tokens, long seed) {
            this.lab = lab;
            this.cell = cell;
            Random random = new Random(seed);
            int gates = cell.numGates() * size;
            inputs = GradientCheck.random(lab.arena, DType.F32, random, tokens, gates);
            Tensor w = GradientCheck.random(lab.arena, DType.F32, random, gates, size);
            Tensor b = GradientCheck.random(lab.arena, DType.F32, random, gates);
            matrix = new Weight.Stored(w);
            offsets = new Weight.Stored(b);
            x = GradientCheck.toDoubles(inputs);
            weight = GradientCheck.toDoubles(w);
            bias = GradientCheck.toDoubles(b);
        }

        Tensor scan(int from, int to, Runs runs) {
            return scan(from, to, RecurrentState.NONE, runs);
        }

        Tensor scan(int from, int to, RecurrentState state, Runs runs) {
            return lab.ops.apply(new RecurrentScan(inputs.rows(from, to), matrix, Optional.of(offsets), cell, state,
                    runs));
        }
    }
}
