package glia.model.voice;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.block.RopeTables;
import glia.model.family.config.RopeConfig;
import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.tensor.kernel.Activation;
import glia.tensor.kernel.AttentionShape;
import glia.tensor.kernel.KeyValueState;
import glia.tensor.kernel.KeyValues;
import glia.tensor.kernel.RopeTable;
import glia.tensor.kernel.Runs;
import glia.tensor.kernel.Span;
import glia.tensor.ops.Ops;
import glia.tensor.ops.Weight;
import glia.tensor.ops.row.Scales.WeightedColumns;
import glia.tensor.ops.row.Sums.Sum;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// A transformer over rows, for models of sound, whose rows are sums and projections that train with it: causal
/// attention with rotary positions, maybe within a window.
final class VoiceTransformer {
    /// The norms and MLPs.
    enum Form {
        /// Layer norms, plain MLPs, scaled branches, no norm at the end.
        CODEC,
        /// Layer norms and plain MLPs.
        PLAIN,
        /// RMS norms and gated MLPs.
        GATED,
        /// The same with scaled branches.
        GATED_SCALED,
        /// The same with biases of queries, keys and values.
        GATED_BIASED,
        /// The same with RMS norms of each head's query and key.
        GATED_NORMED,
        /// The same with experts beside a gated one that all tokens share, in place of the MLPs.
        EXPERTS;

        private String epsilon() {
            return isGated() ? "rms_norm_eps" : this == CODEC ? "norm_eps" : "layer_norm_eps";
        }

        boolean isGated() {
            return this != CODEC && this != PLAIN;
        }

        private boolean isScaled() {
            return this == CODEC || this == GATED_SCALED;
        }

        private boolean hasNormedHeads() {
            return this == GATED_NORMED || this == EXPERTS;
        }
    }

    /// What a sequence remembers: keys and values of each layer.
    static final class Memory {
        private final List<Cache> caches = new ArrayList<>();
        private int length;

        private KeyValueState of(int layer) {
            while (caches.size() <= layer) {
                caches.add(new Cache());
            }
            return caches.get(layer);
        }
    }

    /// The keys and values of a layer, one sequence.
    private static final class Cache implements KeyValueState {
        private Tensor keys;
        private Tensor values;
        private int length;

        @Override
        public KeyValues[] append(Tensor newKeys, Tensor newValues, Runs runs) {
            int end = length + newKeys.rows();
            if (keys == null || end > keys.rows()) {
                keys = grown(keys, end, newKeys.cols());
                values = grown(values, end, newValues.cols());
            }
            keys.rows(length, end).copyFrom(newKeys);
            values.rows(length, end).copyFrom(newValues);
            length = end;
            return new KeyValues[] {KeyValues.of(keys.rows(0, end), values.rows(0, end))};
        }

        private Tensor grown(Tensor old, int rows, int cols) {
            Tensor more = Tensor.allocate(Arena.ofAuto(), DType.F32, 2L * rows, cols);
            if (length > 0) {
                more.rows(0, length).copyFrom(old.rows(0, length));
            }
            return more;
        }
    }

    /// A norm with a bias, if it has one.
    private record Norm(Weight weight, Optional<Weight> bias, float epsilon) {
        Tensor of(Ops ops, Tensor x) {
            return bias.isPresent() ? ops.layerNorm(x, weight, bias.get(), epsilon)
                    : ops.rmsNorm(x, weight, epsilon, 0);
        }
    }

    /// @param biases of queries, keys and values, if there are some
    /// @param heads norms of each head's query and key, if there are some
    /// @param scales of the branches of attention and MLP, if there are some
    private record Layer(Norm beforeAttention, Norm beforeMlp, Weight[] qkv, List<Weight> biases, List<Norm> heads,
            Weight out, VoiceMlp mlp, List<Weight> scales) {
        Tensor projected(Ops ops, Tensor product, int part) {
            Tensor x = biases.isEmpty() ? product : ops.addBias(product, biases.get(part));
            return part < heads.size() ? heads.get(part).of(ops, x) : x;
        }
    }

    private final AttentionShape shape;
    private final RopeTable rope;
    private final List<Layer> layers = new ArrayList<>();
    private final Optional<Norm> last;
    private final int hidden;

    /// @param prefix of the names of the tensors
    VoiceTransformer(Config config, VoiceTensors tensors, String prefix, Form form, Activation activation)
            throws CheckpointException {
        hidden = config.positive("hidden_size");
        int heads = config.positive("num_attention_heads");
        int keyHeads = config.positive("num_key_value_heads", heads);
        int size = config.isNull("head_dim") ? hidden / heads : config.positive("head_dim", hidden / heads);
        for (String bias : List.of("attention_bias", "mlp_bias")) {
            if (config.flag(bias, false)) {
                throw config.error(bias, "is true; expected false");
            }
        }
        shape = new AttentionShape(heads, keyHeads, size, size, (float) (1 / Math.sqrt(size)), !form.isScaled()
                || config.isNull("sliding_window") ? new Span.Causal()
                : new Span.Sliding(config.positive("sliding_window", 250)));
        rope = new RopeTables(config.positive("max_position_embeddings", 8000))
                .of(RopeConfig.read(config, size, 10000)).orElseThrow();
        for (int i = 0; i < config.positive("num_hidden_layers"); i++) {
            String name = prefix + "layers." + i + ".";
            String attention = name + "self_attn.";
            layers.add(new Layer(norm(config, tensors, name + "input_layernorm", form),
                    norm(config, tensors, name + "post_attention_layernorm", form), new Weight[] {
                        tensors.weight(attention + "q_proj.weight", heads * size, hidden),
                        tensors.weight(attention + "k_proj.weight", keyHeads * size, hidden),
                        tensors.weight(attention + "v_proj.weight", keyHeads * size, hidden)},
                    form != Form.GATED_BIASED ? List.of()
                        : List.of(tensors.weight(attention + "q_proj.bias", heads * size),
                            tensors.weight(attention + "k_proj.bias", keyHeads * size),
                            tensors.weight(attention + "v_proj.bias", keyHeads * size)),
                    !form.hasNormedHeads() ? List.of()
                        : List.of(norm(config, tensors, attention + "q_norm", form, size),
                            norm(config, tensors, attention + "k_norm", form, size)),
                    tensors.weight(attention + "o_proj.weight", hidden, heads * size),
                    VoiceMlp.of(config, tensors, name + "mlp.", form, activation), !form.isScaled() ? List.of()
                        : List.of(tensors.weight(name + "self_attn_layer_scale.scale", hidden),
                            tensors.weight(name + "mlp_layer_scale.scale", hidden))));
        }
        last = form == Form.CODEC ? Optional.empty() : Optional.of(norm(config, tensors, prefix + "norm", form));
    }

    private Norm norm(Config config, VoiceTensors tensors, String name, Form form) throws CheckpointException {
        return norm(config, tensors, name, form, hidden);
    }

    private static Norm norm(Config config, VoiceTensors tensors, String name, Form form, int size)
            throws CheckpointException {
        return new Norm(tensors.weight(name + ".weight", size), form.isGated() ? Optional.empty()
                : Optional.of(tensors.weight(name + ".bias", size)), (float) config.real(form.epsilon(), 1e-5));
    }

    /// The size of a row.
    int hidden() {
        return hidden;
    }

    /// Whole sequences of the same length one after another.
    Tensor of(Ops ops, Tensor rows, int count) {
        Runs runs = new Runs();
        for (int i = 0; i < count; i++) {
            runs.add(rows.rows() / count, 0);
        }
        return run(ops, rows, runs, Optional.empty());
    }

    /// The state after the next rows of a sequence, `[1, H]`.
    Tensor next(Ops ops, Tensor rows, Memory memory) {
        Tensor y = run(ops, rows, new Runs().add(rows.rows(), memory.length), Optional.of(memory));
        memory.length += rows.rows();
        return y.rows(y.rows() - 1, y.rows());
    }

    /// A copy of a row that stays when the results of a step are released.
    static Tensor kept(Tensor row) {
        Tensor copy = Tensor.allocate(Arena.ofAuto(), DType.F32, 1, row.cols());
        copy.copyFrom(row);
        return copy;
    }

    private Tensor run(Ops ops, Tensor rows, Runs runs, Optional<Memory> memory) {
        Tensor x = rows;
        for (int i = 0; i < layers.size(); i++) {
            Layer layer = layers.get(i);
            Tensor[] qkv = ops.linear(layer.beforeAttention.of(ops, x), layer.qkv);
            Tensor q = ops.rotate(layer.projected(ops, qkv[0], 0), shape.keySize(), rope, runs.positions());
            Tensor k = ops.rotate(layer.projected(ops, qkv[1], 1), shape.keySize(), rope, runs.positions());
            int number = i;
            Tensor attended = ops.linear(ops.attention(q, k, layer.projected(ops, qkv[2], 2),
                    memory.map(m -> m.of(number)).orElse(KeyValueState.NONE), runs, shape), layer.out);
            x = ops.apply(new Sum(x, 1, scaled(ops, attended, layer, 0), 1));
            Tensor mlp = layer.mlp.of(ops, layer.beforeMlp.of(ops, x));
            x = ops.apply(new Sum(x, 1, scaled(ops, mlp, layer, 1), 1));
        }
        return last.isPresent() ? last.get().of(ops, x) : x;
    }

    private static Tensor scaled(Ops ops, Tensor x, Layer layer, int branch) {
        return layer.scales.isEmpty() ? x : ops.apply(new WeightedColumns(x, layer.scales.get(branch)));
    }
}
