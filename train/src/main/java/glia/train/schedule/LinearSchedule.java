package glia.train.schedule;

/// Linear warm-up, then `q·(1 - m) + m` with `q = (N - i)/(N - w)`, the share of steps that are left.
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
        double left = Math.max(0, (double) (total - step) / Math.max(1, total - warmup));
        return step < warmup ? Steps.linearWarmup(step, warmup) : left * (1 - minimum) + minimum;
    }

    @Override
    public String name() {
        return "linear";
    }
}
