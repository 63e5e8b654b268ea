package glia.train.schedule;

/// Linear warm-up, then `1/√((i + τ - w)/τ)` (Vaswani et al., https://arxiv.org/abs/1706.03762, section 5.3).
///
/// @param timescale τ; Transformers takes w, or 10,000 without warm-up
public record InverseSqrtSchedule(long warmup, long timescale) implements Schedule {
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
    public double factor(long step) {
        return step < warmup ? Steps.linearWarmup(step, warmup)
                : 1 / Math.sqrt((double) (step + timescale - warmup) / timescale);
    }

    @Override
    public String name() {
        return "inverse_sqrt";
    }
}
