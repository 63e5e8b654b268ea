package glia.kernels.emitted;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.kernels.decode.RowDecoder.Gather;
import glia.kernels.decode.RowDecoder;
import glia.kernels.rows.Logits;
import glia.kernels.rows.Norms;
import glia.kernels.rows.Pointwise;
import glia.kernels.rows.Rotation;
import glia.kernels.rows.QuantizeActivations;
import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.tensor.format.Fixtures;
import glia.tensor.kernel.Activation;
import glia.tensor.kernel.Allocation;
import glia.tensor.kernel.RopeTable;
import glia.tensor.kernel.Runs;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;

/// Row-wise kernels equal the scalar backend, to the bit if the order of additions is the same.
class RowCodeTest extends RowTest {
    @Test
    void normsDifferByOneUnitInTheLastPlaceAtMost() {
        Norms norms = new Norms(workers, level);
        for (double digits : new double[] {0, 30, -30}) {
            number = () -> (float) (Math.pow(10, digits) * random.nextGaussian());
            for (int size : SIZES) {
                try (Arena arena = Arena.ofConfined()) {
                    Tensor x = tensor(arena, 5, size);
                    Tensor found = tensor(arena, 5, size);
                    Tensor expected = copy(arena, found);
                    Supplier<Float> kept = number;
                    number = () -> (float) random.nextGaussian();
                    Tensor w = tensor(arena, 1, size);
                    Tensor b = tensor(arena, 1, size);
                    number = kept;
                    scalar.rmsNorm(expected, x, w, 1e-5f, 1);
                    norms.rms(found, x, w, 1e-5f, 1);
                    assertNextTo(expected, found);
                    scalar.layerNorm(expected, x, w, null, 1e-5f);
                    norms.layer(found, x, w, null, 1e-5f);
                    assertNextTo(expected, found);
                    scalar.layerNorm(expected, x, w, b, 1e-5f);
                    norms.layer(found, x, w, b, 1e-5f);
                    for (int i = 0; i < found.size(); i++) {
                        double terms = Math.abs(expected.get(i)) + Math.abs(b.get(i % size));
                        assertEquals(expected.get(i), found.get(i), 2e-7 * terms, "number " + i);
                    }
                    norms.rms(x, x, w, 1e-5f, 0);
                    norms.layer(x, x, w, b, 1e-5f);
                }
            }
        }
    }

    @Test
    void rotationsHaveTheScalarBits() {
        Rotation rotation = new Rotation(workers, level);
        Runs runs = new Runs().add(2, 7).add(0, 3).add(5, 0);
        for (RopeTable.Layout layout : RopeTable.Layout.values()) {
            for (int pairs : new int[] {1, 2, 7, 8, 9, 15, 16, 17, 31, 32, 48, 64, 65}) {
                for (int kept : new int[] {0, 3}) {
                    try (Arena arena = Arena.ofConfined()) {
                        float[] frequencies = new float[pairs];
                        for (int i = 0; i < pairs; i++) {
                            frequencies[i] = (float) random.nextGaussian();
                        }
                        RopeTable table = new RopeTable(frequencies, 1.1f, layout);
                        int headSize = 2 * pairs + kept;
                        Tensor found = tensor(arena, runs.numTokens(), 3 * headSize);
                        Tensor expected = copy(arena, found);
                        for (float sign : new float[] {1, -1}) {
                            scalar.rotate(expected, headSize, table, runs.positions(), sign);
                            rotation.run(found, headSize, table, runs.positions(), sign);
                            assertSame(expected, found);
                        }
                    }
                }
            }
        }
    }

    @Test
    void quantizedActivationsHaveTheScalarBits() {
        QuantizeActivations rounding = new QuantizeActivations(workers, level);
        for (int style = 0; style < 60; style++) {
            int spread = style % 6;
            number = spread == 5 ? this::wild : spread == 4
                    // A few magnitudes only: the largest and the limit for outliers are often equal.
                    ? () -> (random.nextBoolean() ? 1 : -1) * (random.nextInt(12) == 0 ? 1.1f : 0)
                    : () -> (float) (random.nextGaussian() * Math.pow(10, spread * 8 * random.nextGaussian()));
            for (int size : SIZES) {
                try (Arena arena = Arena.ofConfined()) {
                    Tensor x = tensor(arena, 3, size);
                    Tensor found = tensor(arena, 3, size);
                    Tensor expected = copy(arena, found);
                    scalar.quantizeActivations(expected, x);
                    rounding.run(found, x);
                    assertSame(expected, found);
                    rounding.run(x, x);
                    assertSame(expected, x);
                }
            }
        }
    }

    /// Blocks in which the order of additions decides: 1 is an outlier if the squares' sum is below 2, and it is 2 to
    /// within the last place of F64.
    @Test
    void outliersAreDecidedAsInTheScalarBackend() {
        QuantizeActivations rounding = new QuantizeActivations(workers, level);
        int numDecidedByOrder = 0;
        for (int round = 0; round < 1000; round++) {
            try (Arena arena = Arena.ofConfined()) {
                List<Float> numbers = new ArrayList<>(List.of(1f));
                double left = 1;
                for (int i = 1; i < 32; i++) {
                    // The last ones fill up what is left, each up to the rounding of the one before.
                    float part = (float) (Math.sqrt(left) * (i < 28 ? random.nextDouble() / 3 : 1));
                    part = (double) part * part > left ? Math.nextDown(part) : part;
                    left -= (double) part * part;
                    numbers.add(part);
                }
                Collections.shuffle(numbers, random);
                double forwards = numbers.stream().mapToDouble(v -> v).reduce(0, (sum, v) -> sum + v * v);
                double backwards = numbers.reversed().stream().mapToDouble(v -> v).reduce(0, (sum, v) -> sum + v * v);
                numDecidedByOrder += forwards < 2 == backwards < 2 ? 0 : 1;
                Tensor x = tensor(arena, 1, 32);
                for (int i = 0; i < 32; i++) {
                    x.set(i, numbers.get(i));
                }
                Tensor found = tensor(arena, 1, 32);
                Tensor expected = copy(arena, found);
                scalar.quantizeActivations(expected, x);
                rounding.run(found, x);
                assertSame(expected, found);
            }
        }
        assertTrue(numDecidedByOrder > 10, numDecidedByOrder + " blocks in which the order decides");
    }

    @Test
    void reductionsOfLogits() {
        for (int style = 0; style < 2; style++) {
            for (int size : SIZES) {
                try (Arena arena = Arena.ofConfined()) {
                    Tensor x = tensor(arena, 1, size);
                    for (int round = 0; round < 20; round++) {
                        assertEquals(scalar.argmax(x, 0), new Logits(level).argmax(x, 0));
                        float expected = scalar.logSumExp(x, 0);
                        float most = Float.isFinite(expected) ? 3e-7f * (1 + Math.abs(expected)) : 1;
                        assertEquals(expected, new Logits(level).logSumExp(x, 0), most);
                        x.set(random.nextInt(size), number.get());
                        x.set(random.nextInt(size), x.get(random.nextInt(size)));
                    }
                }
            }
            number = this::wild;
        }
    }

    @Test
    void longRowsTakeSeveralCalls() {
        try (Arena arena = Arena.ofConfined()) {
            Tensor x = tensor(arena, 2, 70_001);
            assertEquals(scalar.argmax(x, 1), new Logits(level).argmax(x, 1));
            assertEquals(scalar.logSumExp(x, 1), new Logits(level).logSumExp(x, 1), 1e-5f);
            Tensor w = tensor(arena, 1, 70_001);
            Tensor found = tensor(arena, 2, 70_001);
            Tensor expected = copy(arena, found);
            scalar.addRow(expected, x, w);
            new Pointwise(workers, level).addRow(found, x, w);
            assertSame(expected, found);
            scalar.rmsNorm(expected, x, w, 1e-5f, 0);
            new Norms(workers, level).rms(found, x, w, 1e-5f, 0);
            assertNextTo(expected, found);
            scalar.quantizeActivations(expected, x);
            new QuantizeActivations(workers, level).run(found, x);
            assertSame(expected, found);
        }
    }

    @Test
    void shapesThatDoNotFitAreRejectedBeforeAnyAccess() {
        try (Arena arena = Arena.ofConfined()) {
            Tensor x = tensor(arena, 3, 20);
            Tensor small = tensor(arena, 2, 20);
            Tensor half = Tensor.allocate(arena, DType.F16, 3, 20);
            Tensor row = tensor(arena, 1, 20);
            Runs runs = new Runs().add(2, 0);
            RopeTable table = new RopeTable(new float[4], 1, RopeTable.Layout.INTERLEAVED);
            for (Tensor odd : new Tensor[] {small, half}) {
                refused(() -> new Pointwise(workers, level).add(x, x, odd, 1));
                refused(() -> new Pointwise(workers, level).gated(odd, x, x, Activation.SILU));
                refused(() -> new Pointwise(workers, level).addRow(x, x, odd));
                refused(() -> new Norms(workers, level).rms(x, x, odd, 1, 1));
                refused(() -> new Norms(workers, level).layer(x, x, row, odd, 1));
                refused(() -> new Norms(workers, level).rms(odd, x, row, 1, 1));
                refused(() -> new QuantizeActivations(workers, level).run(x, odd));
            }
            refused(() -> new Rotation(workers, level).run(x, 20, table, runs.positions(), 1));
            refused(() -> new Rotation(workers, level).run(small, 5, table, runs.positions(), 1));
            Gather gather = new Gather(workers, new RowDecoder(workers, level));
            refused(() -> gather.run(small, x, new int[] {0, 1, 2}, 3));
            refused(() -> gather.run(x, small, new int[] {0, 2}, 2));
            refused(() -> gather.run(x, small, new int[] {-1}, 1));
            refused(() -> gather.run(half, x, new int[] {0}, 1));
            refused(() -> new Logits(level).argmax(x, 3));
            refused(() -> new Logits(level).logSumExp(half, 0));
        }
    }

    @Test
    void allocatesNothingOnceWarm() {
        try (Arena arena = Arena.ofConfined()) {
            Tensor x = tensor(arena, 4, 96);
            Tensor row = tensor(arena, 1, 96);
            Pointwise pointwise = new Pointwise(workers, level);
            Norms norms = new Norms(workers, level);
            Rotation rotation = new Rotation(workers, level);
            QuantizeActivations rounding = new QuantizeActivations(workers, level);
            Gather gather = new Gather(workers, new RowDecoder(workers, level));
            Tensor table = Fixtures.random(arena, DType.Q5_0, 4, 96, 1);
            Runs runs = new Runs().add(4, 9);
            RopeTable rope = new RopeTable(new float[16], 1, RopeTable.Layout.HALF_SPLIT);
            int[] ids = {3, 0, 1, 1};
            Logits logits = new Logits(level);
            Runnable pass = () -> {
                gather.run(x, table, ids, 4);
                pointwise.gated(x, x, x, Activation.SILU);
                pointwise.activate(x, x, Activation.GELU);
                pointwise.add(x, x, x, 0.5f);
                pointwise.addRow(x, x, row);
                pointwise.scale(x, x, 0.5f);
                norms.rms(x, x, row, 1e-5f, 0);
                norms.layer(x, x, row, row, 1e-5f);
                rotation.run(x, 32, rope, runs.positions(), 1);
                rounding.run(x, x);
                logits.argmax(x, 3);
                logits.logSumExp(x, 3);
            };
            for (int i = 0; i < 20_000; i++) {
                pass.run();
            }
            long before = Allocation.bytes();
            for (int i = 0; i < 1000; i++) {
                pass.run();
            }
            long allocated = Allocation.bytes() - before;
            assertTrue(allocated < 5_000, allocated + " bytes in 12,000 calls");
        }
    }

    private static void refused(Runnable call) {
        assertThrows(IllegalArgumentException.class, call::run);
    }
}
