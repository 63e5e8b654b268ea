package glia.lab.attention;

import glia.engine.pass.Engine;
import glia.lab.WatchedOps;
import glia.model.block.Input;
import glia.model.block.Pass;
import glia.model.block.States;
import glia.model.spec.ModelSpec;
import glia.model.spec.Place;
import glia.tensor.Tensor;
import glia.tensor.kernel.AttentionShape;
import glia.tensor.kernel.KeyValueState;
import glia.tensor.kernel.RecurrentState;
import glia.tensor.kernel.Runs;
import glia.tensor.kernel.Scores;
import glia.tensor.ops.Compute;
import glia.tensor.ops.Ops;
import glia.tensor.ops.Weight;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/// The attention weights of each head of each attention layer of a model for one text.
public final class AttentionMaps {
    /// The map of one attention layer.
    ///
    /// @param layer the layer as the checkpoint counts it
    /// @param mixer a description of the mixer
    /// @param weights `[H][T][T]`: head, token, token attended to
    public record Map(int layer, String mixer, float[][][] weights) { }

    private AttentionMaps() { }

    /// The maps of all attention layers, in the order of a pass. Other mixers have none, nor does sparse attention with
    /// an indexer.
    ///
    /// @throws IllegalArgumentException if the text has no tokens or one that does not exist
    public static List<Map> of(Engine engine, int[] ids) {
        return of(engine, Input.of(ids));
    }

    /// The same for a text with pictures.
    public static List<Map> of(Engine engine, Input input) {
        List<Map> maps = new ArrayList<>();
        each(engine, input, maps::add);
        return maps;
    }

    /// As [#of], but passes each map on as soon as it is computed, so that one is held at a time.
    ///
    /// @throws IllegalArgumentException if the text has no tokens or one that does not exist
    public static void each(Engine engine, int[] ids, Consumer<Map> receiver) {
        each(engine, Input.of(ids), receiver);
    }

    private static void each(Engine engine, Input input, Consumer<Map> receiver) {
        engine.whileOpen(() -> {
            open(engine, input, receiver);
            return null;
        });
    }

    private static void open(Engine engine, Input input, Consumer<Map> receiver) {
        Compute ops = engine.ops();
        ops.release(0);
        // Towers attend before the first layer of the language model.
        Place[] place = {null};
        Ops watched = new WatchedOps(ops) {
            @Override
            public Tensor attention(Tensor q, Tensor k, Tensor v, KeyValueState state, Runs runs, AttentionShape shape,
                    Weight learned) {
                if (place[0] != null && engine.model().spec().towerOf(place[0]) < 0) {
                    receiver.accept(map(engine.model().spec(), place[0],
                            AttentionWeights.of(q, k, shape, Compute.stored(learned))));
                }
                return super.attention(q, k, v, state, runs, shape, learned);
            }
        };
        States states = new States() {
            @Override
            public KeyValueState keyValues(Place at, int index) {
                place[0] = at;
                return KeyValueState.NONE;
            }

            @Override
            public RecurrentState recurrence(Place at, int index) {
                return RecurrentState.NONE;
            }
        };
        Pass pass = new Pass().add(input, 0, input.ids().length, Pass.Outputs.LAST);
        engine.decoder().forward(watched, pass, states);
        ops.release(0);
    }

    private static Map map(ModelSpec spec, Place place, float[][][] weights) {
        return new Map(spec.sublayers().get(place.sublayer()).layer(), spec.mixer(place).describe(), weights);
    }

    /// Attention weights by their definition, for one text whose first token has position 0. Kernels compute them
    /// without storing them.
    static final class AttentionWeights {
        private final float[] q;
        private final float[] k;
        private final int numTokens;
        private final AttentionShape shape;
        private final Tensor learned;

        private AttentionWeights(Tensor q, Tensor k, AttentionShape shape, Tensor learned) {
            this.q = q.toArray();
            this.k = k.toArray();
            this.numTokens = q.rows();
            this.shape = shape;
            this.learned = learned;
        }

        /// The weights `[H][T][T]`: head, token, token attended to. With attention sinks they sum to less than 1.
        ///
        /// @param q `[T, H·E]`
        /// @param k `[T, K·E]`
        /// @param learned the parameters of the scores: sinks or position buckets
        static float[][][] of(Tensor q, Tensor k, AttentionShape shape, Tensor learned) {
            AttentionWeights all = new AttentionWeights(q, k, shape, learned);
            float[][][] weights = new float[shape.numHeads()][q.rows()][q.rows()];
            for (int head = 0; head < weights.length; head++) {
                for (int n = 0; n < q.rows(); n++) {
                    all.row(head, n, weights[head][n]);
                }
            }
            return weights;
        }

        private void row(int head, int n, float[] row) {
            int first = shape.span().first(n);
            int last = shape.span().last(n, numTokens);
            boolean sinks = shape.scores() instanceof Scores.Sinks;
            double largest = sinks ? learned.get(head) : Double.NEGATIVE_INFINITY;
            double[] scores = new double[last - first + 1];
            int size = shape.keySize();
            int atQ = n * (q.length / numTokens) + head * size;
            int atK = head / shape.groupSize() * size;
            for (int p = first; p <= last; p++) {
                double product = 0;
                int from = p * (k.length / numTokens) + atK;
                for (int e = 0; e < size; e++) {
                    product += (double) q[atQ + e] * k[from + e];
                }
                scores[p - first] = score(shape, learned, head, p - n, shape.scale() * product);
                largest = Math.max(largest, scores[p - first]);
            }
            double sum = sinks ? Math.exp(learned.get(head) - largest) : 0;
            for (int i = 0; i < scores.length; i++) {
                scores[i] = Math.exp(scores[i] - largest);
                sum += scores[i];
            }
            for (int p = first; p <= last; p++) {
                row[p] = (float) (scores[p - first] / sum);
            }
        }

        private static double score(AttentionShape shape, Tensor learned, int head, int distance, double product) {
            return switch (shape.scores()) {
                case Scores.Plain plain -> product;
                case Scores.Sinks sinks -> product;
                case Scores.Capped capped -> capped.cap() * Math.tanh(product / capped.cap());
                case Scores.Alibi alibi -> product + alibi.slope(head, shape.numHeads()) * distance;
                case Scores.RelativeBias b -> product + learned.get((long) b.bucket(distance) * shape.numHeads()
                        + head);
            };
        }
    }
}
