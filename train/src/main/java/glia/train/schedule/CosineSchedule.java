package glia.train.schedule;

/// Linear warm-up, then a cosine (Loshchilov and Hutter, https://arxiv.org/abs/1608.03983): with
/// `q = (i - w)/(N - w)`
///
/// > ½·(1 + cos(2π·c·q))·(1 - m) + m
///
/// @param minimum m, the share of the peak rate that is left at the end
/// @param cycles c; ½ falls once
public record CosineSchedule(long warmup, long total, double minimum, double cycles) implements Schedule {
    public CosineSchedule {
        Steps.check(warmup, total);
        Steps.checkShare("the smallest share of the learning rate", minimum);
        Steps.checkCycles(cycles);
    }

    /// Falls once, to a share of the peak rate.
    public CosineSchedule(long warmup, long total, double minimum) {
        this(warmup, total, minimum, 0.5);
    }

    @Override
    public double factor(long step) {
        return step < warmup ? Steps.linearWarmup(step, warmup)
                : Steps.cosine(Steps.progress(step, warmup, total), cycles, minimum);
    }

    @Override
    public String name() {
        return "cosine";
    }
}
