package glia.lab.check;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.pass.Engine;
import glia.model.block.Decoder;
import glia.model.block.Pass;
import glia.model.block.States;
import glia.model.block.Weights;
import glia.model.spec.Parameter;
import glia.model.spec.Role;
import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.tensor.autograd.Gradients;
import glia.tensor.autograd.Recorder;
import glia.tensor.ops.Compute;
import glia.tensor.ops.Weight;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;

/// Compares the gradients of a model with slopes of its loss, along random directions of random parameters.
final class SlopeCheck implements AutoCloseable {
    /// A longer step for its small noise; shorter ones, and slopes to one side, should the longer change which experts
    /// or keys are chosen, where the loss jumps.
    private static final double[] STEPS = {4e-3, 5e-4, 2e-4};
    private static final double TOLERANCE = 0.02;
    /// What rounding in F32 makes of the difference of two losses.
    private static final double NOISE = 2e-6;

    private final Engine engine;
    private final Arena arena = Arena.ofShared();
    private final Gradients gradients = new Gradients();
    private final Recorder recorder;

    SlopeCheck(Engine engine) {
        this.engine = engine;
        this.recorder = new Recorder(engine.ops().kernels(), gradients);
    }

    /// @param count how many parameters
    void run(Pass pass, int[] targets, int count) {
        Weights weights = engine.model().weights();
        double loss = loss(weights, pass, targets, true);
        assertTrue(Double.isFinite(loss));
        List<Parameter> all = new ArrayList<>(weights.all().keySet());
        // The loss has no slope along what only chooses experts; stored factors are not trained.
        all.removeIf(p -> Set.of(Role.ROUTER_CORRECTION, Role.LAYER_SCALE, Role.COMMON_SLOPE, Role.SLOPE_LIMIT)
                .contains(p.role()));
        // A fixed order, then a random one.
        all.sort(Comparator.comparing(Parameter::toString));
        Random random = new Random(17);
        java.util.Collections.shuffle(all, random);
        for (Parameter p : all.subList(0, count)) {
            Tensor at = Compute.stored(weights.get(p));
            Tensor slope = gradients.of(weights.get(p));
            double[] direction = random.doubles(at.size(), -1, 1).toArray();
            keepPadding(p, direction, at.cols());
            double length = 0;
            for (double d : direction) {
                length += d * d;
            }
            double expected = 0;
            double steepest = 0;
            for (int i = 0; i < direction.length; i++) {
                direction[i] /= Math.sqrt(length);
                expected += direction[i] * slope.get(i);
                steepest += (double) slope.get(i) * slope.get(i);
            }
            double nearest = Double.NaN;
            double tolerance = 0;
            for (double step : STEPS) {
                double above = loss(moved(weights, p, at, direction, step), pass, targets, false);
                double below = loss(moved(weights, p, at, direction, -step), pass, targets, false);
                nearest = nearest(expected, (above - below) / (2 * step), (above - loss) / step,
                        (loss - below) / step);
                tolerance = TOLERANCE * Math.sqrt(steepest) + NOISE / step;
                if (Math.abs(nearest - expected) <= tolerance) {
                    break;
                }
            }
            assertEquals(nearest, expected, tolerance, p.toString());
        }
    }

    /// The row of the padding token gets no gradient, or the head's alone, though the loss may have a slope along it.
    private void keepPadding(Parameter p, double[] direction, int cols) {
        if (p.role() == Role.EMBEDDING) {
            engine.model().spec().embedding().padding().ifPresent(token ->
                    Arrays.fill(direction, token * cols, (token + 1) * cols, 0));
        }
    }

    private static double nearest(double to, double... found) {
        return Arrays.stream(found).boxed().min(Comparator.comparingDouble(x -> Math.abs(x - to))).orElseThrow();
    }

    private double loss(Weights weights, Pass pass, int[] targets, boolean learn) {
        Tensor logits = new Decoder(engine.model().spec(), weights).forward(recorder, pass, States.NONE);
        double loss = recorder.crossEntropy(logits, targets);
        if (learn) {
            recorder.backward();
        }
        recorder.clear();
        return loss;
    }

    private Weights moved(Weights weights, Parameter p, Tensor at, double[] direction, double step) {
        Tensor other = Tensor.allocate(arena, DType.F32, at.shape());
        for (int i = 0; i < direction.length; i++) {
            other.set(i, (float) (at.get(i) + step * direction[i]));
        }
        Map<Parameter, Weight> all = new HashMap<>(weights.all());
        all.put(p, new Weight.Stored(other));
        return new Weights(all);
    }

    @Override
    public void close() {
        recorder.close();
        gradients.close();
        arena.close();
    }
}
