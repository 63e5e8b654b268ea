package glia.check.training;

import glia.check.reference.CaseParams;
import glia.train.schedule.ConstantSchedule;
import glia.train.schedule.CosineFromFirstStep;
import glia.train.schedule.CosineRestarts;
import glia.train.schedule.CosineSchedule;
import glia.train.schedule.InverseSqrtSchedule;
import glia.train.schedule.LinearSchedule;
import glia.train.schedule.PolynomialSchedule;
import glia.train.schedule.Schedule;
import glia.train.schedule.WarmupStableDecay;
import java.util.OptionalDouble;
import java.util.function.LongToDoubleFunction;

/// Makes schedules from the parameters of those of Transformers. Parameters that are absent have its defaults.
final class ReferenceSchedules {
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
                    p.has("warmup_lr_rate") ? OptionalDouble.of(p.number("warmup_lr_rate")) : OptionalDouble.empty(),
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
