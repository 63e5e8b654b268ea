package glia.tensor.kernel;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.tensor.CodedMatrix;
import glia.tensor.CodedMatrix.Code;
import glia.tensor.CodedMatrix.Grouping;
import glia.tensor.DType;
import glia.tensor.Precision;
import glia.tensor.Tensor;
import glia.tensor.kernel.CodedFixtures.Layout;
import glia.tensor.ops.Compute;
import glia.tensor.ops.Weight;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/// Laws of products with coded matrices: they equal those with the same numbers as F32.
interface CodedLaws extends KernelSubject {
    private static List<Layout> layouts(int cols) {
        List<Layout> layouts = new ArrayList<>();
        int[] groups = new Random(cols).ints(cols, 0, 5).toArray();
        for (Code code : Code.values()) {
            boolean whole = code == Code.U4 || code == Code.U8 || code == Code.I8;
            Optional<DType> zeros = whole ? Optional.of(code == Code.I8 ? DType.I8 : DType.U8) : Optional.empty();
            for (Grouping grouping : List.of(new Grouping.Blocks(1, 32), new Grouping.Blocks(1, 16),
                    new Grouping.Blocks(128, 128), new Grouping.Blocks(3, 5), new Grouping.Blocks(1, cols),
                    new Grouping.Blocks(4096, 4096), new Grouping.Columns(groups))) {
                DType scales = new DType[] {DType.F32, DType.F16, DType.BF16, DType.F8_E8M0, DType.F8_E4M3}[
                        layouts.size() % 5];
                layouts.add(new Layout(code, grouping, scales, zeros, layouts.size() % 3 == 0 ? 2.5f : 1));
            }
        }
        return layouts;
    }

    @Test
    default void codedProductsAreThoseOfTheirNumbers() {
        withTwoWorkers(kernels -> {
            for (int[] shape : new int[][] {
                {1, 37, 64}, {2, 130, 300}, {4, 5, 1}, {13, 33, 257}, {1, 3, 9000}}) {
                for (Layout layout : layouts(shape[2])) {
                    try (Lab lab = new Lab(shape[2])) {
                        CodedMatrix w = CodedFixtures.random(lab.arena, layout, shape[1], shape[2], shape[0]);
                        check(kernels, lab, w, shape[0], layout.toString());
                    }
                }
            }
        });
    }

    @Test
    default void codedRowsMayBeAPart() {
        withTwoWorkers(kernels -> {
            for (Layout layout : layouts(96)) {
                try (Lab lab = new Lab(7)) {
                    CodedMatrix w = CodedFixtures.random(lab.arena, layout, 50, 96, 3);
                    for (CodedMatrix part : List.of(w.rows(7, 20, 1), w.rows(1, 25, 2), w.rows(0, 25, 2).rows(3, 4, 5),
                            w.rows(50, 0, 1))) {
                        for (int n : new int[] {1, 5}) {
                            check(kernels, lab, part, n, layout.toString());
                        }
                    }
                }
            }
        });
    }

    private static void check(Kernels kernels, Lab lab, CodedMatrix w, int numTokens, String what) {
        Tensor wide = CodedFixtures.widen(lab.arena, w);
        Tensor x = lab.normal(numTokens, w.cols());
        Tensor y = lab.output(numTokens, w.rows());
        Tensor expected = lab.output(numTokens, w.rows());
        kernels.linear(y, x, w);
        kernels.linear(expected, x, wide);
        assertClose(expected, y, 1e-5, what);
        Tensor dy = lab.normal(numTokens, w.rows());
        Tensor dx = lab.normal(numTokens, w.cols());
        Tensor expectedDx = lab.copy(dx);
        kernels.linearBackwardInput(dx, dy, w);
        kernels.linearBackwardInput(expectedDx, dy, wide);
        assertClose(expectedDx, dx, 1e-5, what);
        if (w.rows() > 0) {
            int[] ids = {w.rows() - 1, 0, w.rows() / 2};
            Tensor rows = lab.output(3, w.cols());
            kernels.gather(rows, w, ids, 3);
            for (int i = 0; i < 3; i++) {
                assertArrayEquals(wide.rows(ids[i], ids[i] + 1).toArray(), rows.rows(i, i + 1).toArray(), what);
            }
        }
        if (w.isQuantised()) {
            Tensor rounded = lab.output(numTokens, w.cols());
            kernels.roundActivations(rounded, x);
            kernels.linearRounded(y, x, w, lab.output(numTokens, w.cols()));
            kernels.linear(expected, rounded, wide);
            assertClose(expected, y, 1e-5, what);
        }
    }

    private static void assertClose(Tensor expected, Tensor found, double tolerance, String what) {
        double largest = 1e-30;
        for (long i = 0; i < expected.size(); i++) {
            largest = Math.max(largest, Math.abs(expected.get(i)));
        }
        for (long i = 0; i < expected.size(); i++) {
            Lab.assertClose(expected.get(i), found.get(i), tolerance * largest, what);
        }
    }

    @Test
    default void shuffledColumnsGoBackToTheirPlaces() {
        withTwoWorkers(kernels -> {
            for (Code code : Code.values()) {
                for (int cols : new int[] {64, 75, 300}) {
                    try (Lab lab = new Lab(cols)) {
                        Layout layout = new Layout(code, new Grouping.Blocks(1, 32), DType.F16, Optional.empty(), 1);
                        CodedMatrix straight = CodedFixtures.random(lab.arena, layout, 33, cols, 3);
                        List<Integer> order = new ArrayList<>(IntStream.range(0, cols).boxed().toList());
                        Collections.shuffle(order, new Random(1));
                        CodedMatrix w = new CodedMatrix("test", 33, order.stream().mapToInt(k -> k).toArray(),
                                new Grouping.Blocks(1, 32), 0, straight::parts);
                        checkShuffled(kernels, lab, w, order);
                        checkShuffled(kernels, lab, w.rows(3, 10, 2), order);
                    }
                }
            }
        });
    }

    private static void checkShuffled(Kernels kernels, Lab lab, CodedMatrix w, List<Integer> order) {
        Tensor stored = CodedFixtures.widen(lab.arena, w.inStoredOrder());
        Tensor wide = lab.output(w.rows(), w.cols());
        for (int r = 0; r < w.rows(); r++) {
            for (int place = 0; place < w.cols(); place++) {
                wide.set((long) r * w.cols() + order.get(place), stored.get((long) r * w.cols() + place));
            }
        }
        for (int n : new int[] {1, 5}) {
            Tensor x = lab.normal(n, w.cols());
            Tensor y = lab.output(n, w.rows());
            Tensor expected = lab.output(n, w.rows());
            kernels.linear(y, x, w);
            kernels.linear(expected, x, wide);
            assertClose(expected, y, 1e-5, w.toString());
            for (Precision precision : Precision.values()) {
                try (Compute ops = new Compute(kernels, precision)) {
                    double tolerance = precision == Precision.EXACT ? 1e-5 : 0.05;
                    assertClose(expected, ops.linear(x, new Weight.Coded(w)), tolerance, w.toString());
                }
            }
            Tensor dy = lab.normal(n, w.rows());
            Tensor dx = lab.normal(n, w.cols());
            Tensor expectedDx = lab.copy(dx);
            kernels.linearBackwardInput(dx, dy, w);
            kernels.linearBackwardInput(expectedDx, dy, wide);
            assertClose(expectedDx, dx, 1e-5, w.toString());
        }
    }

    @Test
    default void losslessBlocksAreFound() {
        withTwoWorkers(kernels -> {
            try (Lab lab = new Lab(7)) {
                assertEquals(Optional.of(DType.Q4_0), blockType(lab, Code.OFFSET4, DType.F16, 1, 64));
                assertEquals(Optional.of(DType.Q8_0), blockType(lab, Code.I8, DType.F16, 128, 4096));
                assertEquals(Optional.of(DType.Q8_0), blockType(lab, Code.OFFSET8, DType.BF16, 1, 32));
                assertEquals(Optional.of(DType.MXFP4), blockType(lab, Code.E2M1, DType.F8_E8M0, 1, 32));
                assertEquals(Optional.empty(), blockType(lab, Code.OFFSET4, DType.F32, 1, 32));
                assertEquals(Optional.empty(), blockType(lab, Code.OFFSET4, DType.F16, 1, 16));
                assertEquals(Optional.empty(), blockType(lab, Code.U4, DType.F16, 1, 32));
                assertEquals(Optional.empty(), blockType(lab, Code.E4M3, DType.F16, 1, 32));
                assertTrue(CodedFixtures.random(lab.arena, new Layout(Code.OFFSET4, new Grouping.Blocks(1, 32),
                        DType.F16, Optional.empty(), 2), 4, 96, 1).blockType().isEmpty());
            }
        });
    }

    private static Optional<DType> blockType(Lab lab, Code code, DType scales, int blockRows, int blockCols) {
        Layout layout = new Layout(code, new Grouping.Blocks(blockRows, blockCols), scales, Optional.empty(), 1);
        return CodedFixtures.random(lab.arena, layout, 7, 192, 1).blockType();
    }
}
