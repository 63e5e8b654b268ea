package glia.reason.search;

import glia.engine.EffortRouter;
import glia.engine.EffortRouter.Probe;
import glia.text.thinking.Effort;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/// Trains an [EffortRouter] on a model's own outcomes: a logistic regression with an L2 penalty for each effort. The
/// penalty has the lowest log-loss in five-fold cross-validation, and the margin the fewest tokens of those that keep
/// the accuracy of the best effort within a tolerance there. Without randomness.
public final class RouterTraining {
    private static final int FOLDS = 5;
    private static final int STEPS = 400;
    /// Fits end when no element of the gradient is larger.
    private static final double SMALL_GRADIENT = 1e-5;
    private static final double[] PENALTIES = {1e-4, 1e-3, 1e-2, 1e-1, 1};
    private static final int MARGINS = 200;

    /// What happened at one effort.
    ///
    /// @param right whether each question was answered right
    /// @param tokens generated for each question
    public record Outcomes(Effort effort, boolean[] right, long[] tokens) {
        /// The share of right answers.
        public double accuracy() {
            return IntStream.range(0, right.length).filter(i -> right[i]).count() / (double) right.length;
        }

        /// The mean of tokens for a question.
        public double meanTokens() {
            return Arrays.stream(tokens).average().orElse(0);
        }
    }

    /// A trained router.
    ///
    /// @param accuracy of its choices in cross-validation
    /// @param tokens the mean tokens of its choices in cross-validation
    /// @param counts how often each effort was chosen, in the order of the router's probes
    public record Trained(EffortRouter router, double accuracy, double tokens, int[] counts) { }

    private RouterTraining() { }

    /// Trains a router.
    ///
    /// @param features of each question ([glia.engine.EffortRouter#features])
    /// @param outcomes of each effort, on these questions
    /// @param tolerance how far below the accuracy of the most accurate effort that of the router may be, such as 0.01
    /// @throws IllegalArgumentException if there are fewer than ten questions or two efforts, or sizes differ
    public static Trained train(List<float[]> features, List<Outcomes> outcomes, double tolerance) {
        int count = features.size();
        if (count < 2 * FOLDS || outcomes.size() < 2) {
            throw new IllegalArgumentException("found " + count + " questions and " + outcomes.size()
                    + " efforts, expected at least " + 2 * FOLDS + " questions and 2 efforts");
        }
        if (outcomes.stream().anyMatch(o -> o.right.length != count || o.tokens.length != count)) {
            throw new IllegalArgumentException("found outcomes of another number of questions than " + count);
        }
        List<Outcomes> ascending = outcomes.stream().sorted(Comparator.comparingDouble(Outcomes::meanTokens)).toList();
        double[] mean = mean(features);
        double[] scale = scale(features, mean);
        double[][] x = scaled(features, mean, scale);
        List<Probe> probes = new ArrayList<>();
        double[][] held = new double[count][ascending.size()];
        for (int e = 0; e < ascending.size(); e++) {
            boolean[] right = ascending.get(e).right;
            double penalty = 0;
            double least = Double.POSITIVE_INFINITY;
            double[] best = {};
            for (double candidate : PENALTIES) {
                double[] p = heldOut(x, right, candidate);
                double loss = logLoss(p, right);
                if (loss < least) {
                    least = loss;
                    penalty = candidate;
                    best = p;
                }
            }
            for (int i = 0; i < count; i++) {
                held[i][e] = best[i];
            }
            double[] fit = fit(x, right, penalty, -1);
            probes.add(new Probe(ascending.get(e).effort, Arrays.copyOf(fit, mean.length),
                    fit[mean.length]));
        }
        return chosen(new EffortRouter(mean, scale, probes, 0), held, ascending, tolerance);
    }

    /// The margin with the fewest tokens whose accuracy suffices.
    private static Trained chosen(EffortRouter router, double[][] held, List<Outcomes> efforts, double tolerance) {
        double wanted = efforts.stream().mapToDouble(Outcomes::accuracy).max().orElseThrow() - tolerance;
        Trained best = null;
        for (int m = 0; m <= MARGINS; m++) {
            double margin = (double) m / MARGINS;
            int right = 0;
            long tokens = 0;
            int[] counts = new int[efforts.size()];
            for (int i = 0; i < held.length; i++) {
                int e = EffortRouter.choose(held[i], margin);
                right += efforts.get(e).right[i] ? 1 : 0;
                tokens += efforts.get(e).tokens[i];
                counts[e]++;
            }
            Trained trained = new Trained(new EffortRouter(router.mean(), router.scale(), router.probes(), margin),
                    (double) right / held.length, (double) tokens / held.length, counts);
            boolean suffices = trained.accuracy >= wanted - 1e-12;
            boolean isBetter = best == null || (suffices ? best.accuracy < wanted - 1e-12
                    || trained.tokens < best.tokens : best.accuracy < wanted - 1e-12
                    && trained.accuracy > best.accuracy);
            if (isBetter) {
                best = trained;
            }
        }
        return best;
    }

    private static double[] mean(List<float[]> features) {
        double[] mean = new double[features.getFirst().length];
        for (float[] row : features) {
            for (int j = 0; j < mean.length; j++) {
                mean[j] += (double) row[j] / features.size();
            }
        }
        return mean;
    }

    /// One over the standard deviation, and over the root of the number of features: rows have lengths around 1. A
    /// constant feature counts for nothing.
    private static double[] scale(List<float[]> features, double[] mean) {
        double[] scale = new double[mean.length];
        for (int j = 0; j < mean.length; j++) {
            double variance = 0;
            for (float[] row : features) {
                variance += (row[j] - mean[j]) * (row[j] - mean[j]) / features.size();
            }
            scale[j] = variance < 1e-12 ? 0 : 1 / Math.sqrt(variance * mean.length);
        }
        return scale;
    }

    private static double[][] scaled(List<float[]> features, double[] mean, double[] scale) {
        double[][] x = new double[features.size()][mean.length];
        for (int i = 0; i < x.length; i++) {
            for (int j = 0; j < mean.length; j++) {
                x[i][j] = (features.get(i)[j] - mean[j]) * scale[j];
            }
        }
        return x;
    }

    /// The probability of each question by a model that was not fitted to it.
    private static double[] heldOut(double[][] x, boolean[] right, double penalty) {
        double[] p = new double[x.length];
        IntStream.range(0, FOLDS).parallel().forEach(fold -> {
            double[] w = fit(x, right, penalty, fold);
            for (int i = fold; i < x.length; i += FOLDS) {
                p[i] = sigmoid(logit(w, x[i]));
            }
        });
        return p;
    }

    /// Minimizes the mean log-loss plus `penalty / 2 |w|²` by accelerated gradient descent (Nesterov 1983).
    ///
    /// @param fold the questions to leave out; -1 for none
    /// @return the weights, then the bias
    private static double[] fit(double[][] x, boolean[] right, double penalty, int fold) {
        int size = x[0].length;
        int count = 0;
        int numRight = 0;
        double longest = 0;
        for (int i = 0; i < x.length; i++) {
            if (i % FOLDS != fold) {
                count++;
                numRight += right[i] ? 1 : 0;
                longest = Math.max(longest, 1 + dot(x[i], x[i]));
            }
        }
        double step = 1 / (longest / 4 + penalty);
        double[] w = new double[size + 1];
        // With smoothing, since all or none may be right.
        w[size] = Math.log((numRight + 0.5) / (count - numRight + 0.5));
        double[] last = w.clone();
        double[] gradient = new double[size + 1];
        double[] ahead = new double[size + 1];
        for (int t = 0; t < STEPS; t++) {
            double momentum = t / (t + 3.0);
            for (int j = 0; j <= size; j++) {
                ahead[j] = w[j] + momentum * (w[j] - last[j]);
                gradient[j] = j < size ? penalty * ahead[j] : 0;
            }
            for (int i = 0; i < x.length; i++) {
                if (i % FOLDS != fold) {
                    double error = (sigmoid(logit(ahead, x[i])) - (right[i] ? 1 : 0)) / count;
                    for (int j = 0; j < size; j++) {
                        gradient[j] += error * x[i][j];
                    }
                    gradient[size] += error;
                }
            }
            double[] next = last;
            last = w;
            w = next;
            double largest = 0;
            for (int j = 0; j <= size; j++) {
                w[j] = ahead[j] - step * gradient[j];
                largest = Math.max(largest, Math.abs(gradient[j]));
            }
            if (largest < SMALL_GRADIENT) {
                break;
            }
        }
        return w;
    }

    private static double logit(double[] w, double[] x) {
        return w[x.length] + dot(w, x);
    }

    private static double dot(double[] w, double[] x) {
        double sum = 0;
        for (int j = 0; j < x.length; j++) {
            sum += w[j] * x[j];
        }
        return sum;
    }

    private static double sigmoid(double z) {
        return 1 / (1 + Math.exp(-z));
    }

    private static double logLoss(double[] p, boolean[] right) {
        double loss = 0;
        for (int i = 0; i < p.length; i++) {
            loss -= Math.log(Math.max(1e-12, right[i] ? p[i] : 1 - p[i])) / p.length;
        }
        return loss;
    }
}
