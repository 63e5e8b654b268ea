package glia.tensor.ops;

import static glia.tensor.ops.GradientCheck.of;
import static glia.tensor.ops.GradientCheck.rows;
import static glia.tensor.ops.GradientCheck.shape;

import glia.tensor.ops.GradientCheck.Case;
import glia.tensor.ops.expert.Router;
import glia.tensor.ops.expert.RouterBalance;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Weighted sums of routers' shares compared with their formula, and their gradients.
class RouterBalanceTest {
    private static final double[][] FACTORS = {{0.5, 2, 0, -1, 3}, {1, 0, 0.25, 4, -2}};
    private static final int[] GROUPS = {0, 0, 1, 0, 1, 1};
    private static final int EXPERTS = 5;

    private static double score(Router.Score score, double z) {
        return switch (score) {
            case LOGIT, SOFTMAX -> Math.exp(z);
            case SIGMOID -> 1 / (1 + Math.exp(-z));
            case ROOT_SOFTPLUS -> Math.sqrt(Math.log1p(Math.exp(z)));
        };
    }

    private static double formula(Router.Score score, double[] z) {
        double total = 0;
        for (int n = 0; n < GROUPS.length; n++) {
            double weighted = 0;
            double sum = 0;
            for (int e = 0; e < EXPERTS; e++) {
                double s = score(score, z[n * EXPERTS + e]);
                weighted += FACTORS[GROUPS[n]][e] * s;
                sum += s;
            }
            total += weighted / sum;
        }
        return total;
    }

    private static Stream<Object[]> cases() {
        Stream<Case> cases = Arrays.stream(Router.Score.values()).map(score -> of(score.toString(),
                (ops, w) -> ops.apply(new RouterBalance(rows(ops, w[0]), score, FACTORS, GROUPS)),
                w -> new double[] {formula(score, w[0])}, shape(GROUPS.length, EXPERTS)));
        return GradientCheck.onSets(cases);
    }

    @ParameterizedTest(name = "{0} on {1}")
    @MethodSource("cases")
    void valuesAndGradients(Case c, String kernels) {
        GradientCheck.check(c, kernels);
    }
}
