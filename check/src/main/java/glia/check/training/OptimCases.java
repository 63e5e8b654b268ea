package glia.check.training;

import glia.check.reference.CaseParams;
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
import glia.train.schedule.Schedule.ConstantSchedule;
import glia.train.schedule.Schedule.CosineFromFirstStep;
import glia.train.schedule.Schedule.CosineRestarts;
import glia.train.schedule.Schedule.CosineSchedule;
import glia.train.schedule.Schedule.InverseSqrtSchedule;
import glia.train.schedule.Schedule.LinearSchedule;
import glia.train.schedule.Schedule.PolynomialSchedule;
import glia.train.schedule.Schedule.WarmupStableDecay;
import glia.train.schedule.Schedule;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
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

    /// Makes schedules from the parameters of those of Transformers. Parameters that are absent have its defaults.
    static final class ReferenceSchedules {
        private ReferenceSchedules() { }

        /// The factors of the rate `lr` by step, also past the last one.
        ///
        /// @throws IllegalArgumentException if it is not known or a parameter out of its range
        static LongToDoubleFunction factors(CaseParams p) {
            int warmup = p.integer("num_warmup_steps", 0);
            Schedule schedule = schedule(p, warmup);
            LongToDoubleFunction later = switch (schedule) {
                case CosineSchedule s -> step -> step <= s.total() ? s.factor(step)
                        : beyond(step - s.warmup(), s.total() - s.warmup(), s.cycles(), s.minimum());
                case CosineFromFirstStep s -> step -> step < s.total() ? s.factor(step)
                        : beyond(step - s.warmup() + 1, s.total() - s.warmup(), s.cycles(), s.minimum());
                default -> schedule::factor;
            };
            if (warmup == 0 || schedule instanceof ConstantSchedule c && c.warmup() == 0
                    || schedule instanceof CosineFromFirstStep) {
                return later;
            }
            // The warm-up of Transformers, `i/w`, is that of Glia a step later, with a step less.
            Schedule rise = schedule(p, warmup - 1);
            double first = schedule instanceof WarmupStableDecay s ? s.minimum() : 0;
            return step -> step == 0 ? first : step < warmup ? rise.factor(step - 1) : later.applyAsDouble(step);
        }

        /// Past the last step the cosine of Transformers rises again; Glia's holds.
        private static double beyond(long steps, long of, double cycles, double minimum) {
            double cosine = Math.cos(2 * Math.PI * cycles * steps / Math.max(1, of));
            return Math.max(0, 0.5 * (1 + cosine) * (1 - minimum) + minimum);
        }

        private static Schedule schedule(CaseParams p, int warmup) {
            String name = p.text("scheduler");
            double peak = p.number("lr");
            int total = p.integer("num_training_steps", 0);
            return switch (name) {
                case "constant" -> new ConstantSchedule(0);
                case "constant_with_warmup" -> new ConstantSchedule(warmup);
                case "linear" -> new LinearSchedule(warmup, total);
                case "cosine" -> new CosineSchedule(warmup, total, 0, p.number("num_cycles", 0.5));
                case "cosine_with_min_lr" -> new CosineSchedule(warmup, total, minimum(p, peak),
                        p.number("num_cycles", 0.5));
                case "cosine_with_restarts" -> new CosineRestarts(warmup, total, p.number("num_cycles", 1));
                case "cosine_warmup_with_min_lr" -> new CosineFromFirstStep(warmup, total, minimum(p, peak),
                        p.has("warmup_lr_rate") ? OptionalDouble.of(p.number("warmup_lr_rate"))
                        : OptionalDouble.empty(),
                        p.number("num_cycles", 0.5));
                case "polynomial" -> new PolynomialSchedule(warmup, total, p.number("lr_end", 1e-7) / peak,
                        p.number("power", 1));
                case "inverse_sqrt" -> p.has("timescale")
                        ? new InverseSqrtSchedule(warmup, p.integer("timescale", 1)) : new InverseSqrtSchedule(warmup);
                case "warmup_stable_decay" -> warmupStableDecay(p, warmup, total);
                default -> throw new IllegalArgumentException("the schedule \"" + name + "\" is not known");
            };
        }

        private static double minimum(CaseParams p, double peak) {
            return p.has("min_lr") ? p.number("min_lr") / peak : p.number("min_lr_rate", 0);
        }

        private static Schedule warmupStableDecay(CaseParams p, int warmup, int total) {
            int decay = p.integer("num_decay_steps", 0);
            return new WarmupStableDecay(warmup, p.integer("num_stable_steps", total - warmup - decay), decay,
                    p.number("min_lr_ratio", 0), shape(p.text("warmup_type", "linear")),
                    shape(p.text("decay_type", "cosine")), p.number("num_cycles", 0.5));
        }

        private static WarmupStableDecay.Shape shape(String name) {
            return switch (name) {
                case "linear" -> WarmupStableDecay.Shape.LINEAR;
                case "cosine" -> WarmupStableDecay.Shape.COSINE;
                case "1-sqrt" -> WarmupStableDecay.Shape.ONE_MINUS_SQRT;
                default -> throw new IllegalArgumentException("the shape \"" + name + "\" is not known");
            };
        }
    }
}
