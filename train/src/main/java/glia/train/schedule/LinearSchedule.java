package glia.train.schedule;

/// Linear warm-up, then `(N - i)/(N - w)`.
public record LinearSchedule(long warmup, long total) implements Schedule {
    public LinearSchedule {
        Steps.check(warmup, total);
    }

    @Override
    public double factor(long step) {
        return step < warmup ? Steps.linearWarmup(step, warmup) : 1 - Steps.progress(step, warmup, total);
    }

    @Override
    public String name() {
        return "linear";
    }
}
