package glia.plan.scaling;

import glia.plan.predict.GaussNewton;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;

/// The loss of a language model by parameters N and tokens D: `L = E + A / N^α + B / D^β`, loss in nats a token.
///
/// Source: Training Compute-Optimal Large Language Models (approach 3), https://arxiv.org/abs/2203.15556; corrected:
/// Chinchilla Scaling: A replication attempt, https://arxiv.org/abs/2404.10102
///
/// @param e the loss that remains with infinite parameters and data
/// @param a the factor of parameters
/// @param b the factor of data
/// @param alpha the exponent of parameters
/// @param beta the exponent of data
/// @param objective the sum of Huber losses at the fit
public record ScalingLaw(double e, double a, double b, double alpha, double beta, double objective) {
    /// FLOPs of a parameter and token in training.
    private static final double FLOPS = 6;
    private static final double HUBER = 1e-3;
    private static final int STEPS = 400;
    private static final double CLOSE = 1e-12;
    private static final int SIZE = 5;

    /// A trained model.
    ///
    /// @param parameters N
    /// @param tokens D
    /// @param loss nats a token, on held-out text
    public record Run(double parameters, double tokens, double loss) {
        /// @throws IllegalArgumentException if a number is not positive
        public Run {
            if (!(parameters > 0 && tokens > 0 && loss > 0)) {
                throw new IllegalArgumentException("found " + parameters + " parameters, " + tokens + " tokens and a "
                        + "loss of " + loss + ", expected numbers above 0");
            }
        }

        /// FLOPs of the training: `6·N·D`.
        public double operations() {
            return FLOPS * parameters * tokens;
        }
    }

    /// The predicted loss.
    public double loss(double parameters, double tokens) {
        return e + a / Math.pow(parameters, alpha) + b / Math.pow(tokens, beta);
    }

    /// The exponent of the best number of parameters in compute: `N ∝ C^(β / (α + β))`.
    public double exponent() {
        return beta / (alpha + beta);
    }

    /// The number of parameters with the least loss at a compute of `6·N·D` FLOPs.
    public double parameters(double compute) {
        double g = Math.pow(alpha * a / (beta * b), 1 / (alpha + beta));
        return g * Math.pow(compute / FLOPS, exponent());
    }

    /// The number of tokens with the least loss at a compute of `6·N·D` FLOPs.
    public double tokens(double compute) {
        return compute / FLOPS / parameters(compute);
    }

    /// Fits the law: Huber loss (δ = 0.001) of the logarithm of the loss, from a grid of starts, by damped Gauss-Newton
    /// steps with the weights of the Huber loss.
    ///
    /// @throws IllegalArgumentException if there are fewer than 6 runs, or fewer than 3 sizes or amounts of data
    public static ScalingLaw fit(List<Run> runs) {
        if (runs.size() <= SIZE || runs.stream().mapToDouble(Run::parameters).distinct().count() < 3
                || runs.stream().mapToDouble(Run::tokens).distinct().count() < 3) {
            throw new IllegalArgumentException("found " + runs.size() + " runs, expected at least 6 with at least 3 "
                    + "numbers of parameters and 3 of tokens: five coefficients are fitted");
        }
        double least = runs.stream().mapToDouble(Run::loss).min().orElseThrow();
        ScalingLaw best = null;
        for (double alpha : new double[] {0.2, 0.35, 0.6}) {
            for (double beta : new double[] {0.2, 0.35, 0.6}) {
                double n = runs.stream().mapToDouble(r -> Math.log(r.parameters())).average().orElseThrow();
                double d = runs.stream().mapToDouble(r -> Math.log(r.tokens())).average().orElseThrow();
                double rest = Math.log(least / 4);
                ScalingLaw law = from(runs, new double[] {Math.log(0.8 * least), rest + alpha * n, rest + beta * d,
                    alpha, beta});
                best = best == null || law.objective < best.objective ? law : best;
            }
        }
        return best;
    }

    /// Fits of runs drawn with replacement (bootstrap), for intervals.
    public static List<ScalingLaw> bootstrap(List<Run> runs, ScalingLaw fitted, int times, RandomGenerator random) {
        List<ScalingLaw> laws = new ArrayList<>();
        // From E = 0, where the loss does not depend on its logarithm, no fit would leave.
        double least = runs.stream().mapToDouble(Run::loss).min().orElseThrow() / 10;
        double[] start = fitted.point();
        start[0] = Math.log(Math.max(fitted.e(), least));
        for (int i = 0; i < times; i++) {
            List<Run> drawn = new ArrayList<>();
            for (int j = 0; j < runs.size(); j++) {
                drawn.add(runs.get(random.nextInt(runs.size())));
            }
            laws.add(from(drawn, start));
        }
        return laws;
    }

    /// The run that would tell most about a larger one: of runs with one, two or four times the compute of the largest
    /// of these, and an eighth to eight times the best number of parameters, the one whose loss would lower the
    /// variance of the predicted loss of the larger run most, `cov² / (var + σ²)` over the bootstrap fits, divided by
    /// its compute. σ is the standard deviation of the losses around the fit.
    ///
    /// @param drawn fits of [#bootstrap]
    /// @param target FLOPs of the larger run
    public Run next(List<Run> runs, List<ScalingLaw> drawn, double target) {
        double most = runs.stream().mapToDouble(Run::operations).max().orElseThrow();
        double noise = runs.stream().mapToDouble(r -> Math.pow(r.loss() - loss(r.parameters(), r.tokens()), 2))
                .average().orElseThrow();
        double[] far = drawn.stream().mapToDouble(l -> l.loss(parameters(target), tokens(target))).toArray();
        Run best = null;
        double highest = -1;
        for (double compute = most; compute <= 4 * most; compute *= 2) {
            for (double size = 0.125; size <= 8; size *= 2) {
                double n = size * parameters(compute);
                double d = compute / FLOPS / n;
                double[] near = drawn.stream().mapToDouble(l -> l.loss(n, d)).toArray();
                double gain = Math.pow(covariance(near, far), 2) / (covariance(near, near) + noise) / compute;
                if (gain > highest) {
                    highest = gain;
                    best = new Run(n, d, loss(n, d));
                }
            }
        }
        return best;
    }

    private static double covariance(double[] a, double[] b) {
        double meanA = Arrays.stream(a).average().orElse(0);
        double meanB = Arrays.stream(b).average().orElse(0);
        return IntStream.range(0, a.length).mapToDouble(i -> (a[i] - meanA) * (b[i] - meanB)).average().orElse(0);
    }

    private double[] point() {
        return new double[] {Math.log(e), Math.log(a), Math.log(b), alpha, beta};
    }

    private static ScalingLaw from(List<Run> runs, double[] start) {
        double[] weights = new double[runs.size()];
        Arrays.fill(weights, 1);
        GaussNewton.Minimum found = new GaussNewton(HUBER, 0, CLOSE, STEPS).minimize(new Residuals(runs), weights,
                start);
        double[] point = found.point();
        return new ScalingLaw(Math.exp(point[0]), Math.exp(point[1]), Math.exp(point[2]), point[3], point[4],
                found.objective());
    }

    /// Logarithms of predicted by measured losses, by `[log E, log A, log B, α, β]`.
    private record Residuals(List<Run> runs) implements GaussNewton.Residuals {
        @Override
        public double[] at(double[] point) {
            return runs.stream().mapToDouble(run -> whole(parts(run, point)) - Math.log(run.loss())).toArray();
        }

        @Override
        public double[][] slopes(double[] point, double[] here) {
            double[][] slopes = new double[SIZE][runs.size()];
            for (int r = 0; r < here.length; r++) {
                double[] parts = parts(runs.get(r), point);
                double whole = whole(parts);
                for (int i = 0; i < parts.length; i++) {
                    slopes[i][r] = Math.exp(parts[i] - whole);
                }
                slopes[3][r] = -slopes[1][r] * Math.log(runs.get(r).parameters());
                slopes[4][r] = -slopes[2][r] * Math.log(runs.get(r).tokens());
            }
            return slopes;
        }

        /// The logarithms of the three parts of the loss of a run.
        private static double[] parts(Run run, double[] point) {
            return new double[] {point[0], point[1] - point[3] * Math.log(run.parameters()),
                point[2] - point[4] * Math.log(run.tokens())};
        }

        /// The logarithm of the sum of the parts.
        private static double whole(double[] parts) {
            double most = Arrays.stream(parts).max().orElseThrow();
            return most + Math.log(Arrays.stream(parts).map(p -> Math.exp(p - most)).sum());
        }
    }
}
