package glia.lab.lens;

import glia.engine.inspect.LayerStates;
import glia.engine.pass.Engine;
import glia.engine.steer.ControlVector;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// Directions of a concept in the residual stream, from pairs of texts that have it and do not
/// (https://arxiv.org/abs/2310.01405, https://arxiv.org/abs/2312.06681): the mean of the differences of the hidden
/// states of a pair, or the first principal component of these differences, which are not centered.
///
/// @param directions of length 1, by layer, from negative to positive texts
/// @param layers what is known of each
public record PairDirections(Map<Integer, float[]> directions, List<Layer> layers) {
    /// How a direction is made of the differences.
    public enum Method { MEAN, PCA }

    /// The tokens whose hidden states are compared.
    public enum Tokens {
        /// The mean of those after the tokens with which both texts of a pair begin.
        ALL,
        /// The last one.
        LAST
    }

    /// A pair of texts.
    public record Pair(int[] positive, int[] negative) { }

    /// A layer.
    ///
    /// @param difference the mean difference of the pairs along the direction
    /// @param norm the mean norm of the hidden states
    /// @param separated the share of pairs whose difference points along the direction of the other pairs; NaN of one
    ///     pair
    public record Layer(int layer, double difference, double norm, double separated) { }

    private static final int MOST_ITERATIONS = 1000;
    private static final double ENOUGH = 1e-12;

    /// Computes the directions of all layers but the first, which llama.cpp cannot read.
    ///
    /// @throws IllegalArgumentException if there is no pair, or the texts of all pairs are the same to a layer
    public static PairDirections of(Engine engine, List<Pair> pairs, Method method, Tokens tokens) {
        if (pairs.isEmpty()) {
            throw new IllegalArgumentException("there is no pair of texts");
        }
        Map<Integer, List<double[]>> differences = new TreeMap<>();
        Map<Integer, Double> norms = new TreeMap<>();
        for (Pair pair : pairs) {
            int common = Arrays.mismatch(pair.positive, pair.negative);
            int from = common < 0 ? 0 : Math.min(common, Math.min(pair.positive.length, pair.negative.length) - 1);
            Map<Integer, double[]> positive = means(engine, pair.positive, tokens, from, norms);
            means(engine, pair.negative, tokens, from, norms).forEach((layer, negative) -> {
                double[] difference = positive.get(layer);
                for (int i = 0; i < difference.length; i++) {
                    difference[i] -= negative[i];
                }
                differences.computeIfAbsent(layer, _ -> new ArrayList<>()).add(difference);
            });
        }
        Map<Integer, float[]> directions = new TreeMap<>();
        List<Layer> layers = new ArrayList<>();
        differences.forEach((layer, all) -> {
            double[] direction = method == Method.MEAN ? sum(all, -1) : component(all);
            double length = Math.sqrt(dot(direction, direction));
            if (!(length > 0)) {
                throw new IllegalArgumentException("the texts of the pairs do not differ in layer " + layer);
            }
            float[] unit = new float[direction.length];
            for (int i = 0; i < unit.length; i++) {
                unit[i] = (float) (direction[i] / length);
            }
            directions.put(layer, unit);
            layers.add(new Layer(layer, dot(sum(all, -1), direction) / length / all.size(),
                    norms.get(layer) / pairs.size() / 2, separated(all)));
        });
        return new PairDirections(directions, layers);
    }

    private static Map<Integer, double[]> means(Engine engine, int[] ids, Tokens tokens, int common,
            Map<Integer, Double> norms) {
        Map<Integer, double[]> means = new TreeMap<>();
        int from = tokens == Tokens.LAST ? ids.length - 1 : common;
        LayerStates.read(engine, ids, (layer, hidden, _) -> {
            if (layer < 1) {
                return;
            }
            double[] mean = new double[hidden.cols()];
            double norm = 0;
            for (int t = from; t < ids.length; t++) {
                float[] row = hidden.rows(t, t + 1).toArray();
                double squares = 0;
                for (int i = 0; i < row.length; i++) {
                    mean[i] += row[i] / (double) (ids.length - from);
                    squares += (double) row[i] * row[i];
                }
                norm += Math.sqrt(squares) / (ids.length - from);
            }
            means.put(layer, mean);
            norms.merge(layer, norm, Double::sum);
        });
        return means;
    }

    private static double dot(double[] a, double[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += a[i] * b[i];
        }
        return sum;
    }

    /// The sum of all but one; -1 for all.
    private static double[] sum(List<double[]> all, int without) {
        double[] sum = new double[all.getFirst().length];
        for (int n = 0; n < all.size(); n++) {
            for (int i = 0; n != without && i < sum.length; i++) {
                sum[i] += all.get(n)[i];
            }
        }
        return sum;
    }

    private static double separated(List<double[]> all) {
        double count = 0;
        for (int n = 0; n < all.size(); n++) {
            count += dot(sum(all, n), all.get(n)) > 0 ? 1 : 0;
        }
        return all.size() == 1 ? Double.NaN : count / all.size();
    }

    /// The first principal component `Σ w_n · d_n`, by power iteration on the dot products of the differences, on the
    /// side of their mean.
    static double[] component(List<double[]> all) {
        int count = all.size();
        double[][] dots = new double[count][count];
        for (int a = 0; a < count; a++) {
            for (int b = 0; b <= a; b++) {
                dots[a][b] = dot(all.get(a), all.get(b));
                dots[b][a] = dots[a][b];
            }
        }
        double[] weights = new double[count];
        for (int n = 0; n < count; n++) {
            // Not orthogonal to the component, but by chance.
            weights[n] = 1 + 0.1 * Math.sin(n);
        }
        for (int i = 0; i < MOST_ITERATIONS; i++) {
            double[] next = new double[count];
            for (int n = 0; n < count; n++) {
                next[n] = dot(dots[n], weights);
            }
            double length = Math.sqrt(dot(next, next));
            double moved = 0;
            for (int n = 0; n < count && length > 0; n++) {
                next[n] /= length;
                moved += (next[n] - weights[n]) * (next[n] - weights[n]);
            }
            weights = next;
            if (moved < ENOUGH) {
                break;
            }
        }
        double[] component = new double[all.getFirst().length];
        for (int n = 0; n < count; n++) {
            for (int i = 0; i < component.length; i++) {
                component[i] += weights[n] * all.get(n)[i];
            }
        }
        if (dot(component, sum(all, -1)) < 0) {
            for (int i = 0; i < component.length; i++) {
                component[i] = -component[i];
            }
        }
        return component;
    }

    /// The control vector of these directions in some layers.
    ///
    /// @param isUnit whether each has length 1, as those of llama.cpp's tool; else a scale of 1 in all of the layers
    ///     moves the stream about as far as from the negative texts to the positive ones
    /// @throws IllegalArgumentException if there is none in these layers
    public ControlVector vector(String name, int firstLayer, int lastLayer, boolean isUnit) {
        Map<Integer, float[]> scaled = new TreeMap<>();
        List<Layer> chosen = layers.stream().filter(l -> l.layer >= firstLayer && l.layer <= lastLayer).toList();
        for (Layer layer : chosen) {
            float[] direction = directions.get(layer.layer).clone();
            for (int i = 0; i < direction.length && !isUnit; i++) {
                direction[i] *= (float) (layer.difference / chosen.size());
            }
            scaled.put(layer.layer, direction);
        }
        return new ControlVector(name, scaled);
    }
}
