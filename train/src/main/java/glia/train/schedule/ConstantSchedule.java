package glia.train.schedule;

/// The peak rate throughout, after a linear warm-up.
public record ConstantSchedule(long warmup) implements Schedule {
    public ConstantSchedule {
        Steps.check(warmup, Long.MAX_VALUE);
    }

    @Override
    public double factor(long step) {
        return step < warmup ? Steps.linearWarmup(step, warmup) : 1;
    }

    @Override
    public String name() {
        return "constant";
    }
}
