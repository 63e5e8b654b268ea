package glia.train.schedule;

import java.util.OptionalDouble;

/// A cosine whose first step has a rate above 0: warm-up `(i + 1)/w`, or `ρ + (1 - ρ)·i/(w - 1)`, and
/// `q = (i - w + 1)/(N - w)` in the formula of [CosineSchedule].
///
/// @param minimum the share of the peak rate that is left at the end
/// @param start ρ, the share of the peak rate at the first step
/// @param cycles cosine waves; 0.5 falls once
public record CosineFromFirstStep(long warmup, long total, double minimum, OptionalDouble start, double cycles)
        implements Schedule {
    public CosineFromFirstStep {
        Steps.check(warmup, total);
        Steps.checkShare("the smallest share of the learning rate", minimum);
        start.ifPresent(share -> Steps.checkShare("the first share of the learning rate", share));
    }

    /// With half a cosine wave.
    public CosineFromFirstStep(long warmup, long total, double minimum, OptionalDouble start) {
        this(warmup, total, minimum, start, 0.5);
    }

    @Override
    public double factor(long step) {
        if (step < warmup) {
            return start.isPresent()
                    ? start.getAsDouble() + (1 - start.getAsDouble()) * step / Math.max(1, warmup - 1)
                    : (step + 1.0) / warmup;
        }
        return Steps.cosine(Steps.progress(step + 1, warmup, total), cycles, minimum);
    }

    @Override
    public String name() {
        return "cosine_warmup_with_min_lr";
    }
}
