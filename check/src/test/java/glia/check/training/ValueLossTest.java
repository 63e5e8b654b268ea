package glia.check.training;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import glia.check.reference.CaseFile;
import glia.check.reference.CaseTensor;
import glia.check.reference.ReferenceCase;
import glia.check.reference.Variables;
import glia.kernels.KernelBackends;
import glia.tensor.DType;
import glia.tensor.autograd.Value;
import glia.tensor.kernel.Kernels;
import glia.tensor.kernel.Workers;
import glia.train.distillation.Distillation;
import glia.train.distillation.KlEstimator;
import glia.train.distillation.TopKDistillation;
import glia.train.loss.ClassificationLoss;
import glia.train.loss.CrossEntropyLoss;
import glia.train.loss.InfoNce;
import glia.train.loss.RewardModelLoss;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;

/// Losses of given values against numbers computed elsewhere.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ValueLossTest {
    private final Workers workers = new Workers(1);
    private final Kernels kernels = KernelBackends.choose("best", workers).kernels();

    @AfterAll
    void close() {
        workers.close();
    }

    private static CaseTensor matrix(int cols, double... values) {
        return new CaseTensor(DType.F64, new long[] {values.length / cols, cols}, values);
    }

    /// A loss of one variable, and its gradient by finite differences.
    private double checked(CaseTensor x, Function<Value, Value> loss) {
        try (Variables variables = new Variables(kernels)) {
            double value = variables.backward(loss.apply(variables.variable("x", x)));
            double[] gradient = variables.gradient("x");
            for (int i = 0; i < gradient.length; i++) {
                double h = 1e-2;
                assertEquals((moved(x, i, h, loss) - moved(x, i, -h, loss)) / (2 * h), gradient[i], 2e-3,
                        "slope " + i);
            }
            return value;
        }
    }

    private double moved(CaseTensor x, int place, double by, Function<Value, Value> loss) {
        double[] values = x.values().clone();
        values[place] += by;
        try (Variables variables = new Variables(kernels)) {
            return loss.apply(variables.constant(new CaseTensor(x.dtype(), x.shape(), values))).number();
        }
    }

    /// The numbers were computed from the formula in Python.
    @Test
    void contrastiveLossOfEmbeddings() {
        CaseTensor queries = matrix(3, 1, 2, -1, 0.5, -0.25, 2);
        CaseTensor documents = matrix(3, 0.8, 1.5, -0.2, 1, 0, 1, -0.5, 0.3, 0.9);
        for (double[] expected : new double[][] {{0.1, 0.0704671637583963, 7.093660177820844e-05},
            {0.5, 0.4060780658641619, 0.13799419112812375}}) {
            InfoNce rule = new InfoNce(expected[0]);
            try (Variables variables = new Variables(kernels)) {
                Value all = variables.constant(documents);
                assertEquals(expected[1], rule.of(variables.constant(queries), all).number(), 1e-5);
                assertEquals(expected[2], rule.of(variables.constant(queries), all.rows(0, 1)).number(), 1e-5);
                assertThrows(IllegalArgumentException.class,
                        () -> rule.of(variables.constant(queries), all.rows(0)));
            }
        }
        checked(queries, q -> new InfoNce(0.5).of(q, q.rows(1, 0)));
    }

    /// The second row is certain of a wrong class.
    @Test
    void classificationLosses() {
        CaseTensor scores = matrix(3, 1, 0, -1, 3, 0.5, 0.25);
        double first = Math.log(Math.exp(1) + 1 + Math.exp(-1));
        double second = Math.log(Math.exp(3) + Math.exp(0.5) + Math.exp(0.25));
        assertEquals((first - 1 + second - 0.25) / 2,
                checked(scores, s -> ClassificationLoss.oneOf(s, new int[] {0, 2}, 0)), 1e-5);
        double uniform = (first + second - 1.25) / 2;
        assertEquals(0.9 * (first - 1 + second - 0.25) / 2 + 0.1 * uniform,
                checked(scores, s -> ClassificationLoss.oneOf(s, new int[] {0, 2}, 0.1)), 1e-5);
        double sum = 0;
        boolean[][] belongs = {{true, false, true}, {false, false, true}};
        for (int i = 0; i < 6; i++) {
            sum += Math.log(1 + Math.exp(belongs[i / 3][i % 3] ? -scores.values()[i] : scores.values()[i])) / 6;
        }
        assertEquals(sum, checked(scores, s -> ClassificationLoss.anyOf(s, belongs)), 1e-5);
        try (Variables variables = new Variables(kernels)) {
            Value s = variables.constant(scores);
            assertThrows(IllegalArgumentException.class, () -> ClassificationLoss.oneOf(s, new int[] {0}, 0));
            assertThrows(IllegalArgumentException.class, () -> ClassificationLoss.oneOf(s, new int[] {0, 3}, 0));
        }
    }

    @Test
    void estimatorsOfTheDivergence() {
        CaseTensor policy = matrix(1, -1, -2, -0.5);
        double[] reference = {-1.5, -1.25, -0.5};
        double[] gradients = {0.5, -0.75, 0};
        for (KlEstimator estimator : KlEstimator.values()) {
            try (Variables variables = new Variables(kernels)) {
                Value fixed = variables.constant(matrix(1, reference));
                Value each = estimator.of(variables.variable("policy", policy), fixed);
                double[] expected = new double[3];
                for (int i = 0; i < 3; i++) {
                    double d = policy.values()[i] - reference[i];
                    expected[i] = switch (estimator) {
                        case K1, K1_STRAIGHT_THROUGH -> d;
                        case ABSOLUTE -> Math.abs(d);
                        case K2 -> d * d / 2;
                        case K3, K3_UNCLAMPED, K3_STRAIGHT_THROUGH -> Math.exp(-d) + d - 1;
                    };
                }
                assertArrayEquals(expected, CaseTensor.of(each.tensor()).values(), 1e-6, estimator.name());
                for (int i = 0; i < 3; i++) {
                    assertEquals(expected[i], estimator.of(policy.values()[i], reference[i]), 1e-12, estimator.name());
                }
                variables.backward(each.sum());
                switch (estimator) {
                    case K2, K1_STRAIGHT_THROUGH, K3_STRAIGHT_THROUGH ->
                            assertArrayEquals(gradients, variables.gradient("policy"), 1e-6, estimator.name());
                    case K1 -> assertArrayEquals(new double[] {1, 1, 1}, variables.gradient("policy"), 1e-6);
                    case ABSOLUTE, K3, K3_UNCLAMPED -> { }
                }
            }
        }
    }

    @Test
    @EnabledIfEnvironmentVariable(named = "GLIA_SHARED", matches = ".+")
    void estimatorsAreThoseOfVerl() throws Exception {
        Map<String, KlEstimator> names = Map.of("k1", KlEstimator.K1, "abs", KlEstimator.ABSOLUTE, "k2",
                KlEstimator.K2, "k3", KlEstimator.K3, "k1+", KlEstimator.K1_STRAIGHT_THROUGH, "k3+",
                KlEstimator.K3_STRAIGHT_THROUGH);
        List<String> compared = new ArrayList<>();
        CaseFile.run(Path.of(System.getenv("GLIA_SHARED"), "golden-training/verl-losses"), kernels, r -> { }, c -> {
            if (c.kind().equals("kl_estimator")) {
                compare(c, names.get(c.params().text("estimator")));
                compared.add(c.id());
            }
        });
        assertEquals(6, compared.size());
    }

    private void compare(ReferenceCase c, KlEstimator estimator) {
        try (Variables variables = new Variables(kernels)) {
            CaseTensor policy = c.input("logp_new");
            CaseTensor column = new CaseTensor(policy.dtype(), new long[] {policy.values().length, 1},
                    policy.values());
            CaseTensor fixed = c.input("logp_ref");
            Value each = estimator.of(variables.variable("policy", column), variables.constant(
                    new CaseTensor(fixed.dtype(), column.shape(), fixed.values())));
            double[] found = CaseTensor.of(each.tensor()).values();
            float[] mask = c.input("mask").floats();
            variables.backward(each.times(each.constant(mask)).sum());
            double[] gradient = variables.gradient("policy");
            for (int i = 0; i < mask.length; i++) {
                if (mask[i] != 0) {
                    assertEquals(c.tensor("kl").values()[i], found[i], 1e-5, c.id());
                }
                assertEquals(c.tensor("grad_logp").values()[i], gradient[i], 1e-4, c.id());
            }
        }
    }

    @Test
    void valuesOutOfRangeAreRefused() {
        assertThrows(IllegalArgumentException.class, () -> new InfoNce(0));
        assertThrows(IllegalArgumentException.class, () -> new CrossEntropyLoss(1, 0));
        assertThrows(IllegalArgumentException.class, () -> new CrossEntropyLoss(0, -1));
        assertThrows(IllegalArgumentException.class, () -> Distillation.of(0.5, 0));
        assertThrows(IllegalArgumentException.class, () -> Distillation.of(1.5, 1));
        assertThrows(IllegalArgumentException.class, () -> new RewardModelLoss(-1));
        assertThrows(IllegalArgumentException.class, () -> new TopKDistillation(1));
    }
}
