package glia.tensor.ops.attention;

import glia.tensor.Tensor;
import glia.tensor.kernel.AttendedPositions;
import glia.tensor.kernel.AttentionShape;
import glia.tensor.kernel.Runs;
import glia.tensor.kernel.Vectors;
import glia.tensor.ops.Compute;
import glia.tensor.ops.IndexerTraining;
import glia.tensor.ops.Operation;
import glia.tensor.ops.Tape;
import java.util.Arrays;
import java.util.Optional;

/// Trains a lightning indexer: returns a copy of y, and its backward pass adds the gradient of the mean over tokens of
/// `KL(p_n ‖ softmax_j I[n,j])`, where p is the mean over heads of the attention's probabilities and I the scores of
/// [LightningIndexer], both over all positions up to the token or over those that were chosen
/// (https://arxiv.org/abs/2512.02556, equations 3 and 4). p has no gradient. Complete sequences only, without a cache.
///
/// @param y the result of the attention, whose gradient passes through
/// @param q queries of the attention, `[N, H·E]`
/// @param k its keys, `[N, K·E]`
/// @param scores the indexer's queries, keys and weights
/// @param lists the chosen positions; empty for all
/// @param figures counts the divergence
public record IndexerLoss(Tensor y, Tensor q, Tensor k, AttentionShape shape, Scores scores, Runs runs,
        Optional<AttendedPositions> lists, IndexerTraining figures) implements Operation {
    /// What the scores are made of: queries `[N, X·F]`, keys `[N, F]`, and weights `[N, X]` that are scaled.
    public record Scores(Tensor queries, Tensor keys, Tensor weights) { }

    public IndexerLoss {
        Compute.require(q.rows() == runs.numTokens() && q.cols() == shape.numHeads() * shape.keySize()
                && k.rows() == q.rows() && k.cols() == shape.numKeyValueHeads() * shape.keySize()
                && y.rows() == q.rows() && scores.keys().rows() == q.rows(), "indexer loss", q, k);
    }

    @Override
    public Tensor forward(Compute ops) {
        Tensor copy = ops.allocate(y.rows(), y.cols());
        ops.kernels().scale(copy, y, 1);
        return copy;
    }

    @Override
    public void inputs(Inputs inputs) {
        inputs.activations(y, q, k, scores.queries(), scores.keys(), scores.weights());
    }

    @Override
    public Operation owned() {
        return new IndexerLoss(y, q, k, shape, scores, runs.frozen(), lists.map(AttendedPositions::frozen), figures);
    }

    @Override
    public Reads backwardReads() {
        return Reads.INPUTS;
    }

    @Override
    public void backward(Tape tape, Tensor result) {
        tape.add(y, tape.gradient(result), 1);
        Gradient gradient = new Gradient(tape);
        tape.kernels().workers().run((run, worker) -> {
            for (int n = runs.start(run); n < runs.end(run); n++) {
                gradient.token(n, runs.start(run));
            }
        }, runs.count());
        figures.addTokens(runs.numTokens());
    }

    /// The gradient of the scores: `dI = (softmax(I) - p) / N`. A thread has a sequence, so no two write to one key.
    private final class Gradient {
        private final Tensor dQueries;
        private final Tensor dKeys;
        private final Tensor dWeights;

        Gradient(Tape tape) {
            dQueries = tape.gradient(scores.queries());
            dKeys = tape.gradient(scores.keys());
            dWeights = tape.gradient(scores.weights());
        }

        /// @param first the first token of the sequence
        void token(int n, int first) {
            int[] rows = rows(n, first);
            double[] target = target(n, rows);
            int heads = scores.weights().cols();
            int size = scores.keys().cols();
            double[][] products = new double[heads][rows.length];
            double[] score = new double[rows.length];
            for (int h = 0; h < heads; h++) {
                double weight = scores.weights().get((long) n * heads + h);
                for (int i = 0; i < rows.length; i++) {
                    products[h][i] = Vectors.dot(at(scores.queries(), n, h * size), at(scores.keys(), rows[i], 0),
                            size);
                    score[i] += weight * Math.max(0, products[h][i]);
                }
            }
            softmax(score);
            double divergence = 0;
            for (int i = 0; i < rows.length; i++) {
                divergence += target[i] == 0 ? 0 : target[i] * Math.log(target[i] / Math.max(score[i], 1e-300));
            }
            figures.add(divergence);
            for (int h = 0; h < heads; h++) {
                long ofWeight = (long) n * heads + h;
                double weight = scores.weights().get(ofWeight);
                double sum = 0;
                for (int i = 0; i < rows.length; i++) {
                    double d = (score[i] - target[i]) / runs.numTokens();
                    if (products[h][i] > 0) {
                        sum += d * products[h][i];
                        float factor = (float) (d * weight);
                        Vectors.addScaled(at(dQueries, n, h * size), at(scores.keys(), rows[i], 0), factor, size);
                        Vectors.addScaled(at(dKeys, rows[i], 0), at(scores.queries(), n, h * size), factor, size);
                    }
                }
                dWeights.set(ofWeight, (float) (dWeights.get(ofWeight) + sum));
            }
        }

        private int[] rows(int n, int first) {
            int[] rows = new int[lists.map(l -> l.count(n)).orElse(n - first + 1)];
            Arrays.setAll(rows, i -> first + (lists.isPresent() ? lists.get().get(n, i) : i));
            return rows;
        }

        /// The mean of the heads' probabilities.
        private double[] target(int n, int[] rows) {
            double[] mean = new double[rows.length];
            double[] row = new double[rows.length];
            for (int h = 0; h < shape.numHeads(); h++) {
                int key = h / shape.groupSize() * shape.keySize();
                for (int i = 0; i < rows.length; i++) {
                    row[i] = shape.scale() * Vectors.dot(at(q, n, h * shape.keySize()), at(k, rows[i], key),
                            shape.keySize());
                }
                softmax(row);
                for (int i = 0; i < rows.length; i++) {
                    mean[i] += row[i] / shape.numHeads();
                }
            }
            return mean;
        }

        private static void softmax(double[] x) {
            double largest = Arrays.stream(x).max().orElseThrow();
            double sum = 0;
            for (int i = 0; i < x.length; i++) {
                x[i] = Math.exp(x[i] - largest);
                sum += x[i];
            }
            for (int i = 0; i < x.length; i++) {
                x[i] /= sum;
            }
        }

        private static long at(Tensor x, int row, int column) {
            return x.address() + Float.BYTES * ((long) row * x.cols() + column);
        }
    }
}
