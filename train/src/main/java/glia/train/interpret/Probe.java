package glia.train.interpret;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;

/// A linear probe (https://arxiv.org/abs/1610.01644): multinomial logistic regression on hidden states, which tells
/// whether a property of a text can be read from a layer. The same probe on labels that were shuffled is the control
/// (https://arxiv.org/abs/1909.03368): what it finds, a probe finds without the property.
public final class Probe {
    /// Accuracies on held-out examples.
    ///
    /// @param heldOut of the labels
    /// @param training of the labels, on the examples that it was fitted to
    /// @param control the mean over probes of shuffled labels, on held-out examples
    /// @param chance the share of the most frequent label among the held-out examples
    public record Accuracy(double heldOut, double training, double control, double chance) { }

    private static final double HELD_OUT = 0.3;
    private static final int CONTROLS = 3;
    private static final int STEPS = 200;
    private static final double RATE = 0.05;
    private static final double MOMENTUM = 0.9;

    /// The factor of `‖W‖²/2` in the loss, of standardized features.
    private static final double PENALTY = 0.01;

    private final double[][] weights;

    private Probe(double[][] weights) {
        this.weights = weights;
    }

    /// Fits and measures a probe, and the controls.
    ///
    /// @param hidden an example a row
    /// @param labels from 0, without gaps
    /// @param seed which examples are held out, and how labels are shuffled
    /// @throws IllegalArgumentException if there are fewer than 10 examples or two labels
    public static Accuracy measure(float[][] hidden, int[] labels, long seed) {
        int classes = IntStream.of(labels).max().orElse(0) + 1;
        if (hidden.length < 10 || classes < 2) {
            throw new IllegalArgumentException("found " + hidden.length + " examples of " + classes
                    + " labels, expected 10 or more of two or more labels");
        }
        List<Integer> order = new ArrayList<>(IntStream.range(0, labels.length).boxed().toList());
        Collections.shuffle(order, new Random(seed));
        List<Integer> heldOut = order.subList(0, (int) Math.ceil(HELD_OUT * labels.length));
        List<Integer> training = order.subList(heldOut.size(), order.size());
        double[][] features = standardized(hidden, training);
        Probe probe = fit(features, labels, training, classes);
        double control = 0;
        for (int c = 0; c < CONTROLS; c++) {
            List<Integer> shuffled = new ArrayList<>(IntStream.of(labels).boxed().toList());
            Collections.shuffle(shuffled, new Random(seed + 1 + c));
            int[] others = shuffled.stream().mapToInt(i -> i).toArray();
            control += fit(features, others, training, classes).accuracy(features, others, heldOut) / CONTROLS;
        }
        long most = IntStream.range(0, classes).mapToLong(c -> heldOut.stream().filter(n -> labels[n] == c).count())
                .max().orElseThrow();
        return new Accuracy(probe.accuracy(features, labels, heldOut), probe.accuracy(features, labels, training),
                control, (double) most / heldOut.size());
    }

    /// Features of mean 0 and variance 1 over the training examples, and a constant 1.
    private static double[][] standardized(float[][] hidden, List<Integer> training) {
        int size = hidden[0].length;
        double[][] features = new double[hidden.length][size + 1];
        for (int i = 0; i < size; i++) {
            double sum = 0;
            double squares = 0;
            for (int n : training) {
                sum += hidden[n][i];
                squares += (double) hidden[n][i] * hidden[n][i];
            }
            double mean = sum / training.size();
            double deviation = Math.sqrt(Math.max(0, squares / training.size() - mean * mean)) + 1e-6;
            for (int n = 0; n < hidden.length; n++) {
                features[n][i] = (hidden[n][i] - mean) / deviation;
            }
        }
        for (double[] row : features) {
            row[size] = 1;
        }
        return features;
    }

    /// Gradient descent with Nesterov's momentum over all training examples; the step is divided by the size of an
    /// example, which bounds the curvature.
    private static Probe fit(double[][] features, int[] labels, List<Integer> training, int classes) {
        int size = features[0].length;
        double[][] w = new double[classes][size];
        double[][] speed = new double[classes][size];
        double rate = RATE / Math.sqrt(size);
        for (int step = 0; step < STEPS; step++) {
            double[][] gradient = new double[classes][size];
            for (int n : training) {
                double[] p = probabilities(w, features[n]);
                for (int c = 0; c < classes; c++) {
                    double error = (p[c] - (labels[n] == c ? 1 : 0)) / training.size();
                    for (int i = 0; i < size; i++) {
                        gradient[c][i] += error * features[n][i];
                    }
                }
            }
            for (int c = 0; c < classes; c++) {
                for (int i = 0; i < size; i++) {
                    double g = gradient[c][i] + PENALTY * w[c][i];
                    speed[c][i] = MOMENTUM * speed[c][i] + g;
                    w[c][i] -= rate * (g + MOMENTUM * speed[c][i]);
                }
            }
        }
        return new Probe(w);
    }

    private static double[] scores(double[][] w, double[] x) {
        double[] scores = new double[w.length];
        for (int c = 0; c < w.length; c++) {
            for (int i = 0; i < x.length; i++) {
                scores[c] += w[c][i] * x[i];
            }
        }
        return scores;
    }

    private static double[] probabilities(double[][] w, double[] x) {
        double[] p = scores(w, x);
        double most = Double.NEGATIVE_INFINITY;
        for (double s : p) {
            most = Math.max(most, s);
        }
        double sum = 0;
        for (int c = 0; c < p.length; c++) {
            p[c] = Math.exp(p[c] - most);
            sum += p[c];
        }
        for (int c = 0; c < p.length; c++) {
            p[c] /= sum;
        }
        return p;
    }

    private double accuracy(double[][] features, int[] labels, List<Integer> examples) {
        double right = 0;
        for (int n : examples) {
            double[] scores = scores(weights, features[n]);
            int best = 0;
            for (int c = 1; c < scores.length; c++) {
                best = scores[c] > scores[best] ? c : best;
            }
            right += best == labels[n] ? 1 : 0;
        }
        return right / examples.size();
    }
}
