package glia.tensor.ops;

import static glia.tensor.ops.GradientCheck.rows;
import static glia.tensor.ops.GradientCheck.shape;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.tensor.DType;
import glia.tensor.Precision;
import glia.tensor.Tensor;
import glia.tensor.kernel.Workers;
import glia.tensor.kernel.scalar.ScalarKernels;
import glia.tensor.ops.expert.Router.By;
import glia.tensor.ops.expert.Router.Correction;
import glia.tensor.ops.expert.Router.Groups;
import glia.tensor.ops.expert.Router.Score;
import glia.tensor.ops.expert.Router.Share;
import glia.tensor.ops.expert.Router;
import glia.tensor.ops.expert.Routing;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Every kind of routing compared with its definition: values, choices and gradients.
class RoutingTest {
    private static final int EXPERTS = 12;

    static Stream<Router> routers() {
        List<Router> all = new ArrayList<>();
        for (Score score : Score.values()) {
            for (Share share : Share.values()) {
                if (share != Share.SPARSE_MIXER && (score != Score.LOGIT || share != Share.NORMALIZED)) {
                    all.add(new Router(3, score, Correction.NONE, new Groups.All(), share, 2.5f));
                    all.add(new Router(4, score, Correction.LEARNED, new Groups.Best(4, 2, By.BEST_TWO), share, 1));
                    all.add(new Router(1, score, Correction.NONE, new Groups.Best(3, 1, By.BEST), share, 1));
                }
            }
        }
        all.add(sparse(3));
        return all.stream();
    }

    private static Router sparse(int numChosen) {
        return new Router(numChosen, Score.LOGIT, Correction.NONE, new Groups.All(), Share.SPARSE_MIXER, 1.5f, 0.3f);
    }

    @ParameterizedTest
    @MethodSource("routers")
    void weightsAndGradientsMatchTheDefinition(Router router) {
        double[] bias = new Random(4).doubles(EXPERTS, -0.5, 0.5).toArray();
        try (Arena arena = Arena.ofConfined()) {
            Optional<Weight> correction = router.correction() == Correction.NONE ? Optional.empty()
                    : Optional.of(new Weight.Stored(Tensor.of(arena, floats(bias), EXPERTS)));
            double[] rounded = IntStream.range(0, EXPERTS).mapToDouble(i -> (float) bias[i]).toArray();
            RouterReference reference = new RouterReference(router, EXPERTS, rounded);
            GradientCheck.check(GradientCheck.of("routing", (ops, w) -> {
                Routing routing = new Routing(rows(ops, w[0]), router, correction);
                Tensor weights = ops.apply(routing);
                for (int n = 0; n < 9; n++) {
                    List<Integer> found = IntStream.of(routing.chosen()).skip((long) n * router.numChosen())
                            .limit(router.numChosen()).boxed().toList();
                    assertEquals(reference.choose(logits(w[0], n)), found);
                }
                return weights;
            }, w -> reference.allWeights(w[0]), shape(9, EXPERTS)), "scalar");
        }
    }

    private static double[] logits(Weight w, int n) {
        return IntStream.range(0, EXPERTS).mapToDouble(e -> Compute.stored(w).get((long) n * EXPERTS + e)).toArray();
    }

    private static float[] floats(double[] values) {
        float[] f = new float[values.length];
        IntStream.range(0, f.length).forEach(i -> f[i] = (float) values[i]);
        return f;
    }

    private static int[] choose(Router router, float... logits) {
        try (Workers workers = new Workers(1); Arena arena = Arena.ofConfined();
                Compute ops = new Compute(new ScalarKernels(workers), Precision.EXACT)) {
            Routing routing = new Routing(Tensor.of(arena, logits, 1, logits.length), router, Optional.empty());
            ops.apply(routing);
            return routing.chosen();
        }
    }

    @Test
    void amongEqualsTheLowestIndexWins() {
        assertArrayEquals(new int[] {1, 0, 2},
                choose(Router.plain(3, Score.SOFTMAX, Share.NORMALIZED), 1, 2, 1, 1));
        Router grouped = RouterReference.of(2, Score.SIGMOID, new Groups.Best(3, 2, By.BEST_TWO), Share.AS_IS, 1);
        assertArrayEquals(new int[] {0, 1}, choose(grouped, 1, 1, 1, 1, 1, 1));
    }

    @Test
    void logitsBreakTiesOfSaturatedScores() {
        assertArrayEquals(new int[] {2, 1}, choose(Router.plain(2, Score.SIGMOID, Share.AS_IS), 50, 60, 70, 40));
        assertArrayEquals(new int[] {2}, choose(Router.plain(1, Score.SOFTMAX, Share.AS_IS), -300, -200, -100, -150));
    }

    @Test
    void scoresOfAnySizeGiveFiniteWeights() {
        for (Score score : Score.values()) {
            for (Share share : Share.values()) {
                for (float size : new float[] {0, 1e-30f, 90, 3e4f}) {
                    assertFinite(share == Share.SPARSE_MIXER ? sparse(2) : Router.plain(2, score, share), size, -size,
                            size / 2, -size / 2);
                }
            }
        }
    }

    private static void assertFinite(Router router, float... logits) {
        try (Workers workers = new Workers(1); Arena arena = Arena.ofConfined();
                Compute ops = new Compute(new ScalarKernels(workers), Precision.EXACT)) {
            Tensor x = Tensor.of(arena, logits, 1, logits.length);
            Tensor weights = ops.apply(new Routing(x, router, Optional.empty()));
            for (float w : weights.toArray()) {
                assertTrue(Float.isFinite(w), router + " of " + logits[0] + ": " + w);
            }
        }
    }

    @Test
    void impossibleRoutersAreRejected() {
        assertThrows(IllegalArgumentException.class, () -> Router.plain(0, Score.LOGIT, Share.AS_IS));
        assertThrows(IllegalArgumentException.class, () -> Router.plain(2, Score.LOGIT, Share.SPARSE_MIXER));
        assertThrows(IllegalArgumentException.class, () -> new Groups.Best(2, 3, By.BEST));
        assertThrows(IllegalArgumentException.class, () -> Router.plain(5, Score.LOGIT, Share.AS_IS).check(4));
        assertThrows(IllegalArgumentException.class,
                () -> RouterReference.of(1, Score.LOGIT, new Groups.Best(3, 1, By.BEST), Share.AS_IS, 1).check(4));
        assertThrows(IllegalArgumentException.class,
                () -> RouterReference.of(3, Score.LOGIT, new Groups.Best(2, 1, By.BEST), Share.AS_IS, 1).check(4));
        Router corrected = new Router(1, Score.SIGMOID, Correction.LEARNED, new Groups.All(), Share.AS_IS, 1);
        try (Arena arena = Arena.ofConfined()) {
            Tensor logits = Tensor.allocate(arena, DType.F32, 2, 4);
            assertThrows(IllegalArgumentException.class, () -> new Routing(logits, corrected, Optional.empty()));
            Weight three = new Weight.Stored(Tensor.allocate(arena, DType.F32, 3));
            assertThrows(IllegalArgumentException.class, () -> new Routing(logits, corrected, Optional.of(three)));
        }
    }
}
