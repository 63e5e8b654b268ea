package glia.check.training;

import glia.check.reference.CaseTensor;
import glia.check.reference.ReferenceCase;
import glia.check.reference.WorstDifference;
import glia.tensor.Tensor;
import glia.tensor.autograd.Gradients;
import glia.tensor.ops.Weight;
import glia.train.optim.GradientNorm;
import glia.train.optim.Muon;
import glia.train.optim.Optimizer;
import glia.train.optim.ParameterGroup;
import glia.train.optim.UpdateRule;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongToDoubleFunction;
import java.util.regex.Pattern;

/// Optimizers, learning-rate schedules and gradient clipping.
public final class OptimCases {
    /// Parameters and states, in F32. Differences of up to 7e-7 were found in 480 random cases of 3 to 25 steps. The
    /// data allow 1e-4, but a wrong ε or a missing bias correction can be smaller than that.
    private static final double STEPS = 2e-6;
    /// The first moments. They are compared relative to [#SHARE] of the largest gradient at least: where gradients
    /// cancel, the rounding errors of each are left.
    private static final Pattern FIRST_MOMENT = Pattern.compile(".*\\.(exp_avg|momentum_buffer|grad_avg)");
    private static final double SHARE = 0.1;
    /// Of an update's largest value, where the reference computes in BF16: its own results in BF16 and F64 differ by up
    /// to 0.03.
    private static final double BF16 = 5e-2;
    private static final double SCHEDULE = 1e-9;
    private static final String STATE = "state.";
    private static final String CLIPPED = "clipped_";

    private OptimCases() { }

    public static void run(ReferenceCase c) {
        if (c.kind().equals("schedule")) {
            schedule(c);
        } else if (!c.kind().isEmpty()) {
            throw c.unknownKind("schedule or none");
        } else if (c.params().has("optimizer")) {
            optimizer(c);
        } else if (c.params().has("max_norm")) {
            clipping(c);
        } else {
            newtonSchulz(c);
        }
    }

    private static void schedule(ReferenceCase c) {
        LongToDoubleFunction factors = ReferenceSchedules.factors(c.params());
        double peak = c.params().number("lr");
        double[] rates = new double[c.tensor("lr").values().length];
        for (int step = 0; step < rates.length; step++) {
            rates[step] = peak * factors.applyAsDouble(step);
        }
        c.compare("lr", rates, SCHEDULE);
    }

    /// The results that start with a prefix, or those that are no states.
    private static List<String> results(ReferenceCase c, String prefix) {
        List<String> names = new ArrayList<>();
        for (var name : c.json().path("tensors")) {
            if (prefix.isEmpty() ? !name.asString().startsWith(STATE) : name.asString().startsWith(prefix)) {
                names.add(name.asString());
            }
        }
        return names;
    }

    private static void optimizer(ReferenceCase c) {
        UpdateRule rule = ReferenceOptimizers.rule(c.params(), c.json().path("dtype").asString(""));
        double rate = ReferenceOptimizers.rate(c.params());
        float sign = c.params().flag("maximize", false) ? -1 : 1;
        try (Arena arena = Arena.ofShared(); Gradients gradients = new Gradients()) {
            Map<String, Weight.Stored> weights = new LinkedHashMap<>();
            Map<String, double[]> found = new LinkedHashMap<>();
            int steps = 0;
            for (String name : results(c, "")) {
                CaseTensor start = c.input(name);
                weights.put(name, new Weight.Stored(Tensor.of(arena, start.floats(), start.shape())));
                CaseTensor expected = c.tensor(name);
                steps = expected.dim(0);
                if (expected.values().length != steps * start.values().length
                        || c.input("grad_" + name).values().length < expected.values().length) {
                    throw new IllegalArgumentException(name + " is " + Arrays.toString(expected.shape())
                            + ", which is not one " + Arrays.toString(start.shape()) + " for each gradient");
                }
                found.put(name, new double[expected.values().length]);
            }
            try (Optimizer optimizer = new Optimizer(c.kernels(), List.of(
                    new ParameterGroup(weights, rule, ReferenceOptimizers.decay(c.params()), 1)))) {
                for (int step = 0; step < steps; step++) {
                    for (var e : weights.entrySet()) {
                        fill(gradients.of(e.getValue()), c.input("grad_" + e.getKey()), step);
                    }
                    optimizer.step(gradients, rate, sign);
                    for (var e : weights.entrySet()) {
                        double[] now = CaseTensor.of(e.getValue().tensor()).values();
                        System.arraycopy(now, 0, found.get(e.getKey()), step * now.length, now.length);
                    }
                }
                boolean rounded = rule instanceof Muon && c.json().path("dtype").asString("").equals("torch.float32");
                found.forEach((name, values) -> {
                    if (rounded) {
                        c.compare(name, updates(c, name, values), updates(c, name, c.tensor(name).values()), BF16);
                    } else {
                        c.compare(name, values, STEPS);
                    }
                });
                states(c, optimizer);
            }
        }
    }

    /// Sets the gradient of a step.
    private static void fill(Tensor gradient, CaseTensor all, int step) {
        for (int i = 0; i < gradient.size(); i++) {
            gradient.set(i, (float) all.values()[Math.toIntExact(step * gradient.size()) + i]);
        }
    }

    /// The change of each step.
    private static double[] updates(ReferenceCase c, String name, double[] values) {
        double[] start = c.input(name).values();
        double[] updates = new double[values.length];
        for (int i = 0; i < values.length; i++) {
            updates[i] = values[i] - (i < start.length ? start[i] : values[i - start.length]);
        }
        return updates;
    }

    private static void states(ReferenceCase c, Optimizer optimizer) {
        Map<String, Tensor> states = optimizer.state();
        for (String name : results(c, STATE)) {
            Tensor state = states.get(name.substring(STATE.length()));
            if (name.endsWith(".step")) {
                c.compare(name, new double[] {optimizer.steps()}, STEPS);
            } else if (state == null) {
                throw new IllegalArgumentException(name + ": the optimizer has " + states.keySet());
            } else {
                c.compare(name, state, STEPS * cancellation(c, name));
            }
        }
    }

    /// How much smaller a first moment is than its gradients, 1 at least.
    private static double cancellation(ReferenceCase c, String state) {
        double own = WorstDifference.largest(c.tensor(state).values());
        if (!FIRST_MOMENT.matcher(state).matches() || own == 0) {
            return 1;
        }
        String parameter = state.substring(STATE.length(), state.lastIndexOf('.'));
        return Math.max(1, SHARE * WorstDifference.largest(c.input("grad_" + parameter).values()) / own);
    }

    private static void clipping(ReferenceCase c) {
        c.params().text("gradient");
        try (Arena arena = Arena.ofConfined()) {
            Map<String, Tensor> gradients = new LinkedHashMap<>();
            for (String name : results(c, CLIPPED)) {
                CaseTensor all = c.input("grad_" + name.substring(CLIPPED.length()));
                Tensor g = Tensor.of(arena, new float[c.tensor(name).values().length], c.tensor(name).shape());
                fill(g, all, 0);
                gradients.put(name, g);
            }
            double norm = GradientNorm.of(c.kernels(), gradients.values());
            c.compare("total_norm", norm, ReferenceCase.F64);
            float factor = GradientNorm.clipFactor(norm, c.params().number("max_norm"));
            gradients.forEach((name, g) -> {
                for (int i = 0; i < g.size(); i++) {
                    g.set(i, factor * g.get(i));
                }
                c.compare(name, g, ReferenceCase.F64);
            });
        }
    }

    private static void newtonSchulz(ReferenceCase c) {
        try (Arena arena = Arena.ofShared()) {
            c.compare("output", ReferenceOptimizers.iteration(c.params(), false)
                    .orthogonal(c.tensor("input").matrix(arena), c.kernels(), arena), ReferenceCase.F32);
            c.compare("output_bf16", ReferenceOptimizers.iteration(c.params(), true)
                    .orthogonal(c.tensor("input").matrix(arena), c.kernels(), arena), BF16);
        }
    }
}
