package glia.train.schedule;

/// Linear warm-up, then `(1 - q)·(1 - m) + m` with `q = (i - w)/(N - w)`.
///
/// @param minimum m, the share of the peak rate that is left at the end
public record LinearSchedule(long warmup, long total, double minimum) implements Schedule {
    public LinearSchedule {
        Steps.check(warmup, total);
        Steps.checkShare("the smallest share of the learning rate", minimum);
    }

    /// Falls to 0.
    public LinearSchedule(long warmup, long total) {
        this(warmup, total, 0);
    }

    @Override
    public double factor(long step) {
        return step < warmup ? Steps.linearWarmup(step, warmup)
                : (1 - Steps.progress(step, warmup, total)) * (1 - minimum) + minimum;
    }

    @Override
    public String name() {
        return "linear";
    }
}
