package glia.train.schedule;

/// Warm-up, then the peak rate, then a decay (WSD, MiniCPM, https://arxiv.org/abs/2404.06395), each between the share m
/// and 1 of the peak rate. The warm-up begins above m, a step after it.
///
/// @param stable steps at the peak rate
/// @param decay steps of the decay
/// @param minimum m, also after the decay
/// @param rise the shape of the warm-up
/// @param fall the shape of the decay
/// @param cycles c of a cosine decay `½·(1 + cos(2πcq))`; ½ falls once
public record WarmupStableDecay(long warmup, long stable, long decay, double minimum, Shape rise, Shape fall,
        double cycles) implements Schedule {
    /// The way from 1 to 0 as a function of the progress q.
    public enum Shape {
        /// `1 - q`
        LINEAR,
        /// `½·(1 + cos(πq))`
        COSINE,
        /// `1 - √q`
        ONE_MINUS_SQRT;

        double fall(double q) {
            return switch (this) {
                case LINEAR -> 1 - q;
                case COSINE -> 0.5 * (1 + Math.cos(Math.PI * q));
                case ONE_MINUS_SQRT -> 1 - Math.sqrt(q);
            };
        }
    }

    public WarmupStableDecay {
        if (warmup < 0 || stable < 0 || decay < 0) {
            throw new IllegalArgumentException("warm-up, stable and decay steps are " + warmup + ", " + stable + ", "
                    + decay + ", expected 0 or more");
        }
        Steps.checkShare("the smallest share of the learning rate", minimum);
        Steps.checkCycles(cycles);
    }

    /// With linear warm-up.
    public WarmupStableDecay(long warmup, long stable, long decay, double minimum, Shape fall) {
        this(warmup, stable, decay, minimum, Shape.LINEAR, fall, 0.5);
    }

    @Override
    public double factor(long step) {
        if (step < warmup) {
            return between(rise.fall(1 - Steps.linearWarmup(step, warmup)));
        }
        long beyond = step - warmup - stable;
        if (beyond < 0) {
            return 1;
        }
        double q = (double) beyond / decay;
        return beyond >= decay ? minimum
                : between(fall.fall(fall == Shape.COSINE ? 2 * cycles * q : q));
    }

    private double between(double x) {
        return x * (1 - minimum) + minimum;
    }

    @Override
    public String name() {
        return "warmup_stable_decay";
    }
}
