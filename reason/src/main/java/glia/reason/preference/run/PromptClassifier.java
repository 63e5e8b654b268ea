package glia.reason.preference.run;

import glia.engine.training.TokenBatch;
import glia.model.block.Input;
import glia.model.layout.Pooling;
import glia.reason.preference.BcoLoss;
import glia.reason.preference.run.PreferenceTask.Reference;
import glia.train.data.ShuffledOrder;
import glia.train.data.UnpairedData.Row;
import java.util.List;

/// Predicts from a prompt whether its answer is a desirable one: logistic regression on the mean of the reference
/// model's last hidden states, with an L2 penalty and balanced classes. BCO weights undesirable answers by it where
/// desirable ones have prompts of another distribution (https://arxiv.org/abs/2404.04656, section 4.2).
final class PromptClassifier {
    private static final int MAX_SAMPLES = 512;
    private static final int MAX_STEPS = 500;
    private static final double SMALL_GRADIENT = 1e-6;

    private final Reference reference;
    private final double[] means;
    private final double[] scales;
    private final double[] weights;

    private PromptClassifier(Reference reference, double[] means, double[] scales) {
        this.reference = reference;
        this.means = means;
        this.scales = scales;
        weights = new double[means.length + 1];
    }

    /// Learns from at most 512 prompts, chosen by the seed.
    static PromptClassifier fit(List<Row> rows, Reference reference, long seed) {
        int count = Math.min(MAX_SAMPLES, rows.size());
        ShuffledOrder order = new ShuffledOrder(rows.size(), seed);
        double[][] features = new double[count][];
        boolean[] isDesirable = new boolean[count];
        for (int i = 0; i < count; i++) {
            Row row = rows.get((int) order.at(i));
            features[i] = embed(reference, row);
            isDesirable[i] = row.isDesirable();
        }
        return fit(features, isDesirable, reference);
    }

    private static PromptClassifier fit(double[][] features, boolean[] isDesirable, Reference reference) {
        int size = features[0].length;
        double[] means = new double[size];
        double[] scales = new double[size];
        for (double[] x : features) {
            for (int d = 0; d < size; d++) {
                means[d] += x[d] / features.length;
            }
        }
        for (double[] x : features) {
            for (int d = 0; d < size; d++) {
                scales[d] += (x[d] - means[d]) * (x[d] - means[d]) / features.length;
            }
        }
        for (int d = 0; d < size; d++) {
            scales[d] = scales[d] > 0 ? 1 / Math.sqrt(scales[d]) : 0;
        }
        PromptClassifier classifier = new PromptClassifier(reference, means, scales);
        for (double[] x : features) {
            classifier.standardize(x);
        }
        classifier.descend(features, isDesirable);
        return classifier;
    }

    private static double[] embed(Reference reference, Row row) {
        TokenBatch batch = new TokenBatch();
        int[] prompt = row.prompt();
        batch.addWhole(prompt.length == 0 ? Input.of(row.answer().ids()[0])
                : new Input(prompt, row.answer().input().embedded()));
        float[] pooled = reference.of(batch, p -> p.pooled(Pooling.MEAN));
        double[] features = new double[pooled.length];
        for (int d = 0; d < features.length; d++) {
            features[d] = pooled[d];
        }
        return features;
    }

    private void standardize(double[] x) {
        for (int d = 0; d < x.length; d++) {
            x[d] = (x[d] - means[d]) * scales[d];
        }
    }

    /// Minimizes the weighted mean cross-entropy plus `|w|² / 2N` by accelerated gradient descent, whose rate is the
    /// inverse of a bound of the curvature.
    private void descend(double[][] features, boolean[] isDesirable) {
        int n = features.length;
        int size = means.length;
        double numDesirable = 0;
        for (boolean one : isDesirable) {
            numDesirable += one ? 1 : 0;
        }
        double curvature = 1.0 / n;
        double[] classWeights = {n - numDesirable == 0 ? 0 : n / (2 * (n - numDesirable)),
            numDesirable == 0 ? 0 : n / (2 * numDesirable)};
        for (int i = 0; i < n; i++) {
            double square = 1;
            for (double x : features[i]) {
                square += x * x;
            }
            curvature += classWeights[isDesirable[i] ? 1 : 0] * square / (4 * n);
        }
        double[] before = new double[size + 1];
        for (int step = 0; step < MAX_STEPS; step++) {
            double[] at = new double[size + 1];
            for (int d = 0; d <= size; d++) {
                at[d] = weights[d] + step / (step + 3.0) * (weights[d] - before[d]);
            }
            double[] gradient = new double[size + 1];
            for (int i = 0; i < n; i++) {
                double error = (probability(at, features[i]) - (isDesirable[i] ? 1 : 0))
                        * classWeights[isDesirable[i] ? 1 : 0] / n;
                for (int d = 0; d < size; d++) {
                    gradient[d] += error * features[i][d];
                }
                gradient[size] += error;
            }
            double largest = 0;
            for (int d = 0; d <= size; d++) {
                gradient[d] += d < size ? at[d] / n : 0;
                largest = Math.max(largest, Math.abs(gradient[d]));
                before[d] = weights[d];
                weights[d] = at[d] - gradient[d] / curvature;
            }
            if (largest < SMALL_GRADIENT) {
                return;
            }
        }
    }

    private static double probability(double[] weights, double[] x) {
        double sum = weights[x.length];
        for (int d = 0; d < x.length; d++) {
            sum += weights[d] * x[d];
        }
        return 1 / (1 + Math.exp(-sum));
    }

    /// The probability that the answer to a row's prompt is a desirable one.
    double probability(Row row) {
        double[] x = embed(reference, row);
        standardize(x);
        return probability(weights, x);
    }

    /// Sets the weights of undesirable answers to the density ratios of their prompts.
    void weigh(List<Row> rows, float[] weightOf, double least, double most) {
        for (int i = 0; i < weightOf.length; i++) {
            if (!rows.get(i).isDesirable()) {
                weightOf[i] = BcoLoss.densityRatio(probability(rows.get(i)), least, most);
            }
        }
    }
}
