package glia.tensor.ops;

import static glia.tensor.ops.GradientCheck.of;
import static glia.tensor.ops.GradientCheck.rows;
import static glia.tensor.ops.GradientCheck.shape;
import static glia.tensor.ops.ScanFixture.runs;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import glia.tensor.Tensor;
import glia.tensor.kernel.RecurrentState;
import glia.tensor.kernel.Runs;
import glia.tensor.ops.GradientCheck.Case;
import glia.tensor.ops.scan.RecurrentScan.RecurrentCell;
import glia.tensor.ops.scan.RecurrentScan;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/// Recurrent networks compared with their formulas in F64: values, gradients, full-sequence and incremental.
class RecurrentScanTest {
    private static Case scan(RecurrentCell cell, int size, int... tokens) {
        Runs runs = runs(tokens);
        int gates = cell.numGates();
        return of(cell + " of " + size + " over " + runs.numTokens() + " tokens in " + runs.count(),
                (ops, w) -> ops.apply(new RecurrentScan(rows(ops, w[0]), w[1], Optional.of(w[2]), cell,
                        RecurrentState.NONE, runs)),
                w -> run(cell, w[0], w[1], w[2], size, runs), shape(runs.numTokens(), gates * size),
                shape(gates * size, size), shape(gates * size));
    }

    static double[] run(RecurrentCell cell, double[] x, double[] weight, double[] bias, int size, Runs runs) {
        int gates = cell.numGates() * size;
        double[] y = new double[runs.numTokens() * size];
        for (int r = 0; r < runs.count(); r++) {
            double[] h = new double[size];
            double[] c = new double[size];
            for (int n = runs.start(r); n < runs.end(r); n++) {
                double[] share = Reference.add(Reference.linear(h, weight, size), bias, 1);
                for (int i = 0; i < size; i++) {
                    double[] in = new double[4];
                    double[] back = new double[4];
                    for (int g = 0; g < cell.numGates(); g++) {
                        in[g] = x[n * gates + g * size + i];
                        back[g] = share[g * size + i];
                    }
                    switch (cell) {
                        case ELMAN -> h[i] = Math.tanh(in[0] + back[0]);
                        case GRU -> {
                            double candidate = Math.tanh(in[2] + sigmoid(in[0] + back[0]) * back[2]);
                            double keep = sigmoid(in[1] + back[1]);
                            h[i] = candidate + keep * (h[i] - candidate);
                        }
                        case LSTM -> {
                            c[i] = sigmoid(in[1] + back[1]) * c[i]
                                    + sigmoid(in[0] + back[0]) * Math.tanh(in[2] + back[2]);
                            h[i] = sigmoid(in[3] + back[3]) * Math.tanh(c[i]);
                        }
                    }
                    y[n * size + i] = h[i];
                }
            }
        }
        return y;
    }

    private static double sigmoid(double x) {
        return 1 / (1 + Math.exp(-x));
    }

    static Stream<Object[]> casesAndKernels() {
        return Stream.of(RecurrentCell.values())
                .flatMap(c -> Stream.of(scan(c, 1, 1), scan(c, 3, 6), scan(c, 17, 2, 3), scan(c, 4, 3, 0, 1, 5)))
                .flatMap(c -> Stream.of(new Object[] {c, "scalar"}, new Object[] {c, "vector"}));
    }

    @ParameterizedTest(name = "{0}, {1}")
    @MethodSource("casesAndKernels")
    void gradientMatchesFiniteDifferences(Object caseOf, String kernels) {
        GradientCheck.check((Case) caseOf, kernels);
    }

    @ParameterizedTest
    @EnumSource
    void statesContinueSequences(RecurrentCell cell) {
        try (ScanFixture lab = new ScanFixture()) {
            Tensor x = lab.random(20, cell.numGates() * 5);
            Weight w = new Weight.Stored(lab.random(cell.numGates() * 5, 5));
            for (int piece : new int[] {1, 3, 19}) {
                lab.compare(20, piece, cell.numVectors() * 5, (from, to, state, runs) -> lab.ops.apply(
                        new RecurrentScan(x.rows(from, to), w, Optional.empty(), cell, state, runs)));
            }
        }
    }

    /// Values computed by hand: x = 0 except for the candidate, no recurrence.
    @Test
    void gatesHavePyTorchsOrder() {
        try (ScanFixture lab = new ScanFixture()) {
            Weight none = new Weight.Stored(lab.random(4, 1));
            Compute.stored(none).zero();
            Tensor x = lab.random(1, 4);
            x.zero();
            x.set(2, 1);
            x.set(1, 30);
            x.set(3, 30);
            Tensor y = lab.ops.apply(new RecurrentScan(x, none, Optional.empty(), RecurrentCell.LSTM,
                    RecurrentState.NONE, runs(1)));
            assertEquals(Math.tanh(0.5 * Math.tanh(1)), y.get(0), 1e-6);
            Weight three = new Weight.Stored(Compute.stored(none).rows(0, 3));
            Tensor open = lab.random(1, 3);
            open.zero();
            open.set(0, 5);
            open.set(2, 1);
            Tensor z = lab.ops.apply(new RecurrentScan(open, three, Optional.empty(), RecurrentCell.GRU,
                    RecurrentState.NONE, runs(1)));
            assertEquals(0.5 * Math.tanh(1), z.get(0), 1e-6);
        }
    }

    @Test
    void shapesThatDoNotFitAreRejected() {
        try (ScanFixture lab = new ScanFixture()) {
            Tensor x = lab.random(3, 12);
            Weight w = new Weight.Stored(lab.random(12, 3));
            Weight odd = new Weight.Stored(lab.random(12, 4));
            Weight bias = new Weight.Stored(lab.random(1, 11));
            RecurrentState none = RecurrentState.NONE;
            assertThrows(IllegalArgumentException.class,
                    () -> new RecurrentScan(x, odd, Optional.empty(), RecurrentCell.LSTM, none, runs(3)));
            assertThrows(IllegalArgumentException.class,
                    () -> new RecurrentScan(x, w, Optional.empty(), RecurrentCell.GRU, none, runs(3)));
            assertThrows(IllegalArgumentException.class,
                    () -> new RecurrentScan(x, w, Optional.empty(), RecurrentCell.LSTM, none, runs(2)));
            assertThrows(IllegalArgumentException.class,
                    () -> new RecurrentScan(x, w, Optional.of(bias), RecurrentCell.LSTM, none, runs(3)));
        }
    }
}
