package glia.train.schedule;

/// Linear warm-up, then a cosine that starts again (SGDR, https://arxiv.org/abs/1608.03983): with
/// `q = (i - w)/(N - w)`
///
/// > ½·(1 + cos(π·(c·q mod 1))), and 0 from q = 1 on
///
/// @param cycles c, how often it falls
public record CosineRestarts(long warmup, long total, double cycles) implements Schedule {
    public CosineRestarts {
        Steps.check(warmup, total);
        Steps.checkCycles(cycles);
    }

    @Override
    public double factor(long step) {
        if (step < warmup) {
            return Steps.linearWarmup(step, warmup);
        }
        double q = Steps.progress(step, warmup, total);
        return q >= 1 ? 0 : 0.5 * (1 + Math.cos(Math.PI * (cycles * q % 1)));
    }

    @Override
    public String name() {
        return "cosine_with_restarts";
    }
}
