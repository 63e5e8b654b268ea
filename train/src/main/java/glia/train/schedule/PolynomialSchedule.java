package glia.train.schedule;

/// Linear warm-up, then `(1 - e)·(1 - q)^p + e` with `q = (i - w)/(N - w)`.
///
/// @param end e, the share of the peak rate at the end
/// @param power p
public record PolynomialSchedule(long warmup, long total, double end, double power) implements Schedule {
    public PolynomialSchedule {
        Steps.check(warmup, total);
        Steps.checkShare("the last share of the learning rate", end);
        if (!(power > 0 && power < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException("the power is " + power + ", expected a finite number above 0");
        }
    }

    @Override
    public double factor(long step) {
        return step < warmup ? Steps.linearWarmup(step, warmup)
                : (1 - end) * Math.pow(1 - Steps.progress(step, warmup, total), power) + end;
    }

    @Override
    public String name() {
        return "polynomial";
    }
}
