package glia.train.expert;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.training.RouterOutput;
import glia.kernels.KernelBackends;
import glia.model.spec.Place;
import glia.tensor.Tensor;
import glia.tensor.autograd.Gradients;
import glia.tensor.autograd.Recorder;
import glia.tensor.autograd.Value;
import glia.tensor.kernel.Workers;
import glia.tensor.ops.Weight;
import glia.tensor.ops.expert.Router;
import glia.tensor.ops.expert.Routing;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/// Values by the formulas of transformers and of the papers, computed apart from this code; gradients by differences.
class ExpertLossesTest {
    private static final float[][] LOGITS = {
            {-1.18f, -1.15f, 0.67f, -2.29f, -0.14f, -2.26f, 1.1f, 0.2f, 1.36f, -0.5f, 0.4f, -0.29f,
                    -0.74f, 0.15f, -1.26f, -0.35f, 0.7f, 0.06f, -0.41f, 2.19f},
            {0.06f, -0.59f, 0.16f, -0.52f, -0.39f, -0.35f, 2.03f, 0.02f, 0.18f, 0.67f, 2.02f, -0.22f,
                    -0.62f, 2.47f, -1.46f, -0.37f, 0.67f, 2.28f, -0.95f, -2.43f}};
    private static final int[] SEQUENCES = {0, 0, 0, 1, 1};
    private static final int EXPERTS = 4;

    private static double loss(float[][] logits, Router.Score score, Function<List<RouterOutput>, Value> loss,
            List<Tensor> gradients) {
        try (Workers workers = new Workers(1); Arena arena = Arena.ofConfined(); Gradients all = new Gradients();
                Recorder ops = new Recorder(KernelBackends.choose("scalar", workers).kernels(), all)) {
            List<RouterOutput> routers = new ArrayList<>();
            List<Weight> weights = new ArrayList<>();
            for (int i = 0; i < logits.length; i++) {
                int tokens = logits[i].length / EXPERTS;
                Weight w = new Weight.Stored(Tensor.of(arena, logits[i], tokens, EXPERTS));
                weights.add(w);
                Tensor z = ops.embed(w, IntStream.range(0, tokens).toArray(), tokens);
                Routing routing = new Routing(z, Router.plain(2, score, Router.Share.NORMALIZED), Optional.empty());
                ops.apply(routing);
                routers.add(new RouterOutput(Place.of(i), i, new Value(ops, z), routing, SEQUENCES));
            }
            Value value = loss.apply(routers);
            double number = value.number();
            value.backward();
            weights.forEach(w -> gradients.add(copy(all.of(w))));
            return number;
        }
    }

    private static Tensor copy(Tensor t) {
        return Tensor.of(Arena.ofAuto(), t.toArray(), t.shape());
    }

    private static void check(double expected, Router.Score score, Function<List<RouterOutput>, Value> loss) {
        List<Tensor> found = new ArrayList<>();
        assertEquals(expected, loss(LOGITS, score, loss, found), 2e-6 * Math.max(1, expected));
        for (int i = 0; i < LOGITS.length; i++) {
            for (int j = 0; j < LOGITS[i].length; j++) {
                double above = loss(moved(i, j, 1e-2f), score, loss, new ArrayList<>());
                double below = loss(moved(i, j, -1e-2f), score, loss, new ArrayList<>());
                assertEquals((above - below) / 2e-2, found.get(i).get(j), 5e-5 * Math.max(1, expected),
                        "logit " + j + " of layer " + i);
            }
        }
    }

    private static float[][] moved(int layer, int at, float step) {
        float[][] moved = {LOGITS[0].clone(), LOGITS[1].clone()};
        moved[layer][at] += step;
        return moved;
    }

    @Test
    void loadBalancingIsThatOfTransformers() {
        check(2.0645780793225073, Router.Score.SOFTMAX, ExpertLosses::loadBalancingOverLayers);
        check(2.0645780793225073, Router.Score.SIGMOID, ExpertLosses::loadBalancingOverLayers);
    }

    @Test
    void loadBalancingOfEachLayerIsAddedUp() {
        double expected = 0;
        for (float[] layer : LOGITS) {
            expected += loss(new float[][] {layer}, Router.Score.SOFTMAX, ExpertLosses::loadBalancingOverLayers,
                    new ArrayList<>());
        }
        check(expected, Router.Score.SOFTMAX, ExpertLosses::loadBalancing);
    }

    @Test
    void sequenceBalanceIsThatOfDeepSeek() {
        check(2.432274634865773, Router.Score.SIGMOID, ExpertLosses::sequenceBalance);
    }

    @Test
    void zLossIsTheMeanOfSquaredLogSums() {
        check(4.042075580899447, Router.Score.SOFTMAX, ExpertLosses::zLoss);
    }

    @Test
    void equalLoadsGiveTheSmallestLosses() {
        // Each expert is among the two best of two of four tokens.
        float[][] even = {{9, 9, 0, 0, 0, 0, 9, 9, 9, 0, 9, 0, 0, 9, 0, 9, 9, 9, 0, 0}};
        assertEquals(2, loss(new float[][] {Arrays.copyOf(even[0], 16)}, Router.Score.SOFTMAX,
                ExpertLosses::loadBalancing, new ArrayList<>()), 1e-6);
        double skewed = loss(new float[][] {{9, 9, 0, 0, 9, 9, 0, 0, 9, 9, 0, 0, 9, 9, 0, 0}}, Router.Score.SOFTMAX,
                ExpertLosses::loadBalancing, new ArrayList<>());
        assertTrue(skewed > 3.9, "" + skewed);
    }

    @Test
    void aModelWithoutExpertsIsRefused() {
        var e = assertThrows(IllegalArgumentException.class, () -> ExpertLosses.loadBalancing(List.of()));
        assertTrue(e.getMessage().contains("no experts"), e.getMessage());
    }
}
