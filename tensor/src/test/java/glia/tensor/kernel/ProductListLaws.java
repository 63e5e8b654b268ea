package glia.tensor.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.tensor.format.Fixtures;
import java.util.List;
import org.junit.jupiter.api.Test;

/// Laws of many products at once: each is what it is alone, to the last bit.
interface ProductListLaws extends KernelSubject {
    /// Rows of the products of a list; several widths of results, some products of the same rows.
    List<int[]> ROWS = List.of(new int[] {1}, new int[] {1, 1, 1}, new int[] {3, 16, 1}, new int[] {17, 33, 2, 50},
            new int[] {207, 1, 5});

    @Test
    default void productsOfAListAreWhatTheyAreAlone() {
        withWorkers(kernels -> {
            for (DType type : new DType[] {DType.F32, DType.BF16, DType.Q4_0}) {
                for (int[] rows : ROWS) {
                    check(kernels, rows, false, type, type);
                }
            }
        });
    }

    @Test
    default void roundedProductsOfAListAreWhatTheyAreAlone() {
        withWorkers(kernels -> {
            for (DType type : new DType[] {DType.Q8_0, DType.Q4_0, DType.Q4_K, DType.Q6_K, DType.MXFP4}) {
                for (int[] rows : ROWS) {
                    check(kernels, rows, true, type, type);
                    check(kernels, rows, true, type, DType.Q8_0);
                }
            }
        });
    }

    @Test
    default void anEmptyListDoesNothing() {
        withTwoWorkers(kernels -> {
            try (Lab lab = new Lab(1)) {
                kernels.linearEach(new ProductList());
                kernels.linearEachRounded(new ProductList(), lab.output(0, 0));
            }
        });
    }

    @Test
    default void productsThatDoNotFitAreRefused() {
        try (Lab lab = new Lab(1)) {
            ProductList list = new ProductList();
            Tensor x = lab.normal(4, 32);
            Tensor w = lab.normal(5, 32);
            Tensor y = lab.output(4, 5);
            assertThrows(IllegalArgumentException.class, () -> list.add(y, 0, x, 2, 3, w));
            assertThrows(IllegalArgumentException.class, () -> list.add(y, 2, x, 0, 3, w));
            assertThrows(IllegalArgumentException.class, () -> list.add(y, -1, x, 0, 1, w));
            assertThrows(IllegalArgumentException.class, () -> list.add(y, 0, x, 0, 0, w));
            assertThrows(IllegalArgumentException.class, () -> list.add(x, 0, x, 0, 1, w));
            assertThrows(IllegalArgumentException.class, () -> list.add(y, 0, y, 0, 1, w));
            assertEquals(0, list.size());
        }
    }

    /// Two products for each entry of `rows`, of the same rows, with weights of two types.
    private static void check(Kernels kernels, int[] rows, boolean rounded, DType first, DType second) {
        try (Lab lab = new Lab(rows[0] + 7L * rows.length)) {
            int cols = 2 * Math.max(32, Math.max(first.blockElements(), second.blockElements()));
            int all = java.util.Arrays.stream(rows).sum();
            Tensor x = lab.normal(all, cols);
            ProductList list = new ProductList();
            int at = 0;
            for (int i = 0; i < rows.length; i++) {
                int outputs = new int[] {5, 16, 47, 100}[i % 4];
                for (DType type : new DType[] {first, second}) {
                    Tensor w = Fixtures.random(lab.arena, type, outputs, cols, i);
                    list.add(lab.output(rows[i] + 2, outputs), 1, x, at, rows[i], w);
                }
                at += rows[i];
            }
            if (rounded) {
                kernels.linearEachRounded(list, lab.output(list.mostRows(), list.mostCols()));
            } else {
                kernels.linearEach(list);
            }
            for (int i = 0; i < list.size(); i++) {
                ProductList.Product p = list.get(i);
                Tensor in = p.x().rows(p.xRow(), p.xRow() + p.numRows());
                Tensor alone = lab.output(p.numRows(), p.w().rows());
                if (rounded) {
                    kernels.linearRounded(alone, in, p.w(), lab.output(p.numRows(), cols));
                } else {
                    kernels.linear(alone, in, p.w());
                }
                Fixtures.assertSameBits(alone.toArray(), p.y().rows(1, p.numRows() + 1).toArray());
                for (int row : new int[] {0, p.numRows() + 1}) {
                    assertEquals(Float.NaN, p.y().get((long) row * p.w().rows()), "a row beside the result");
                }
            }
        }
    }
}
