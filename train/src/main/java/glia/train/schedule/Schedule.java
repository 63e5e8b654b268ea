package glia.train.schedule;

import java.util.OptionalDouble;

/// A learning-rate schedule: the factor of the peak learning rate for each step.
///
/// Steps count from 0; w is the number of warm-up steps, N that of all steps. A linear warm-up is `(i + 1)/(w + 1)` as
/// in nanoGPT; with the `i/w` of Transformers the first update would change nothing. From step w on, names and numbers
/// are those of Transformers' `get_scheduler`. Past N the last factor holds, as in nanoGPT. Transformers agrees but for
/// cosines without restarts, which rise again there.
public sealed interface Schedule {
    /// The factor of the peak learning rate at a step.
    double factor(long step);

    /// A schedule with a linear warm-up.
    sealed interface WarmedUp extends Schedule {
        /// w.
        long warmup();

        /// The factor from step w on.
        double after(long step);

        @Override
        default double factor(long step) {
            return step < warmup() ? Steps.linearWarmup(step, warmup()) : after(step);
        }
    }

    /// The peak rate throughout, after a linear warm-up.
    record ConstantSchedule(long warmup) implements WarmedUp {
        public ConstantSchedule {
            Steps.check(warmup, Long.MAX_VALUE);
        }

        @Override
        public double after(long step) {
            return 1;
        }
    }

    /// Linear warm-up, then `(1 - e)·(1 - q)^p + e` with `q = (i - w)/(N - w)`.
    ///
    /// @param end e, the share of the peak rate at the end
    /// @param power p
    record PolynomialSchedule(long warmup, long total, double end, double power) implements WarmedUp {
        public PolynomialSchedule {
            Steps.check(warmup, total);
            Steps.checkShare("the last share of the learning rate", end);
            if (!(power > 0 && power < Double.POSITIVE_INFINITY)) {
                throw new IllegalArgumentException("the power is " + power + ", expected a finite number above 0");
            }
        }

        @Override
        public double after(long step) {
            return (1 - end) * Math.pow(1 - Steps.progress(step, warmup, total), power) + end;
        }
    }

    /// Linear warm-up, then `q·(1 - m) + m` with `q = (N - i)/(N - w)`, the share of steps that are left.
    ///
    /// @param minimum m, the share of the peak rate that is left at the end
    record LinearSchedule(long warmup, long total, double minimum) implements WarmedUp {
        public LinearSchedule {
            Steps.check(warmup, total);
            Steps.checkShare("the smallest share of the learning rate", minimum);
        }

        /// Falls to 0.
        public LinearSchedule(long warmup, long total) {
            this(warmup, total, 0);
        }

        @Override
        public double after(long step) {
            double left = Math.max(0, (double) (total - step) / Math.max(1, total - warmup));
            return left * (1 - minimum) + minimum;
        }
    }

    /// Linear warm-up, then a cosine that starts again (SGDR, https://arxiv.org/abs/1608.03983): with
    /// `q = (i - w)/(N - w)`
    ///
    /// > ½·(1 + cos(π·(c·q mod 1))), and 0 from q = 1 on
    ///
    /// @param cycles c, how often it falls
    record CosineRestarts(long warmup, long total, double cycles) implements WarmedUp {
        public CosineRestarts {
            Steps.check(warmup, total);
            Steps.checkCycles(cycles);
        }

        @Override
        public double after(long step) {
            double q = Steps.progress(step, warmup, total);
            return q >= 1 ? 0 : 0.5 * (1 + Math.cos(Math.PI * (cycles * q % 1)));
        }
    }

    /// Linear warm-up, then `1/√((i + τ - w)/τ)` (Vaswani et al., https://arxiv.org/abs/1706.03762, section 5.3).
    ///
    /// @param timescale τ; Transformers takes w, or 10,000 without warm-up
    record InverseSqrtSchedule(long warmup, long timescale) implements WarmedUp {
        public InverseSqrtSchedule {
            Steps.check(warmup, Long.MAX_VALUE);
            if (timescale < 1) {
                throw new IllegalArgumentException("a time scale of " + timescale + " steps, expected at least 1");
            }
        }

        /// With the time scale that Transformers takes.
        public InverseSqrtSchedule(long warmup) {
            this(warmup, warmup == 0 ? 10_000 : warmup);
        }

        @Override
        public double after(long step) {
            return 1 / Math.sqrt((double) (step + timescale - warmup) / timescale);
        }
    }

    /// Linear warm-up, then a cosine (Loshchilov and Hutter, https://arxiv.org/abs/1608.03983): with
    /// `q = (i - w)/(N - w)`
    ///
    /// > ½·(1 + cos(2π·c·q))·(1 - m) + m
    ///
    /// @param minimum m, the share of the peak rate that is left at the end
    /// @param cycles c; ½ falls once
    record CosineSchedule(long warmup, long total, double minimum, double cycles) implements WarmedUp {
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
        public double after(long step) {
            return Steps.cosine(Steps.progress(step, warmup, total), cycles, minimum);
        }
    }

    /// A cosine whose first step has a rate above 0: warm-up `(i + 1)/w`, or `ρ + (1 - ρ)·i/(w - 1)`, and
    /// `q = (i - w + 1)/(N - w)` in the formula of [CosineSchedule].
    ///
    /// @param minimum the share of the peak rate that is left at the end
    /// @param start ρ, the share of the peak rate at the first step
    /// @param cycles cosine waves; 0.5 falls once
    record CosineFromFirstStep(long warmup, long total, double minimum, OptionalDouble start, double cycles)
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
    }

    /// Warm-up, then the peak rate, then a decay (WSD, MiniCPM, https://arxiv.org/abs/2404.06395), each between the
    /// share m and 1 of the peak rate. The warm-up begins above m, a step after it.
    ///
    /// @param stable steps at the peak rate
    /// @param decay steps of the decay
    /// @param minimum m, also after the decay
    /// @param rise the shape of the warm-up
    /// @param fall the shape of the decay
    /// @param cycles c of a cosine decay `½·(1 + cos(2πcq))`; ½ falls once
    record WarmupStableDecay(long warmup, long stable, long decay, double minimum, Shape rise, Shape fall,
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
                throw new IllegalArgumentException("warm-up, stable and decay steps are " + warmup + ", " + stable
                        + ", "
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
    }

    /// Checks and parts that schedules share.
    static final class Steps {
        private Steps() { }

        /// `(i - w)/(N - w)`, at most 1.
        static double progress(long step, long warmup, long total) {
            return Math.min(1, (double) (step - warmup) / Math.max(1, total - warmup));
        }

        /// `(i + 1)/(w + 1)`: the first update has a rate above 0, the one after the warm-up that of the peak.
        static double linearWarmup(long step, long warmup) {
            return (step + 1.0) / (warmup + 1.0);
        }

        static void check(long warmup, long total) {
            if (warmup < 0) {
                throw new IllegalArgumentException(warmup + " warm-up steps, expected 0 or more");
            }
            if (total < 1 || warmup > total) {
                throw new IllegalArgumentException(total + " steps with " + warmup
                        + " of warm-up, expected at least 1 step"
                        + " and no more warm-up than steps");
            }
        }

        static void checkShare(String name, double share) {
            if (!(share >= 0 && share <= 1)) {
                throw new IllegalArgumentException(name + " is " + share + ", expected 0 to 1");
            }
        }

        static void checkCycles(double cycles) {
            if (!(cycles > 0 && cycles < 1e6)) {
                throw new IllegalArgumentException(cycles + " cycles, expected a number above 0 and below a million");
            }
        }

        /// `½·(1 + cos(2π·c·q))·(1 - m) + m`.
        static double cosine(double progress, double cycles, double minimum) {
            return Math.max(0, 0.5 * (1 + Math.cos(2 * Math.PI * cycles * progress)) * (1 - minimum) + minimum);
        }
    }
}
