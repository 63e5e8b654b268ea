package glia.model.voice;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.tensor.Tensor;
import glia.tensor.kernel.Activation;
import glia.tensor.kernel.AttentionShape;
import glia.tensor.kernel.KeyValueState;
import glia.tensor.kernel.RopeTable;
import glia.tensor.kernel.Runs;
import glia.tensor.kernel.Span;
import glia.tensor.ops.Ops;
import glia.tensor.ops.Weight;
import glia.tensor.ops.row.Scales.WeightedColumns;
import glia.tensor.ops.row.Sums.Sum;
import java.util.ArrayList;
import java.util.List;

/// The transformer of a codec: causal attention within a window, rotary positions, scaled branches.
final class CodecTransformer {
    private record Layer(Weight q, Weight k, Weight v, Weight out, Weight up, Weight down, Weight[] norms,
            Weight attentionScale, Weight mlpScale) { }

    private final AttentionShape shape;
    private final RopeTable rope;
    private final float epsilon;
    private final Activation activation;
    private final List<Layer> layers = new ArrayList<>();

    CodecTransformer(Config config, VoiceTensors tensors, String prefix, Activation activation)
            throws CheckpointException {
        int hidden = config.positive("hidden_size", 512);
        int heads = config.positive("num_attention_heads", 8);
        int keyHeads = config.positive("num_key_value_heads", heads);
        int size = config.positive("head_dim", hidden / heads);
        int inner = config.positive("intermediate_size", 2048);
        if (config.flag("attention_bias", false)) {
            throw config.error("attention_bias", "is true; expected false");
        }
        this.activation = activation;
        epsilon = (float) config.real("norm_eps", 1e-5);
        shape = new AttentionShape(heads, keyHeads, size, size, (float) (1 / Math.sqrt(size)), config.isNull(
                "sliding_window") ? new Span.Causal() : new Span.Sliding(config.positive("sliding_window", 250)));
        Config positions = config.has("rope_parameters") ? config.child("rope_parameters") : config;
        if (!positions.text("rope_type", "default").equals("default")) {
            throw positions.error("rope_type", "is " + positions.found("rope_type") + ", expected default");
        }
        double theta = positions.real("rope_theta", 10000);
        float[] frequencies = new float[size / 2];
        for (int i = 0; i < frequencies.length; i++) {
            frequencies[i] = (float) Math.pow(theta, -2.0 * i / size);
        }
        rope = new RopeTable(frequencies, 1, RopeTable.Layout.HALF_SPLIT);
        for (int i = 0; i < config.positive("num_hidden_layers", 8); i++) {
            String name = prefix + "layers." + i + ".";
            String attention = name + "self_attn.";
            layers.add(new Layer(tensors.weight(attention + "q_proj.weight", heads * size, hidden),
                    tensors.weight(attention + "k_proj.weight", keyHeads * size, hidden),
                    tensors.weight(attention + "v_proj.weight", keyHeads * size, hidden),
                    tensors.weight(attention + "o_proj.weight", hidden, heads * size),
                    tensors.weight(name + "mlp.fc1.weight", inner, hidden),
                    tensors.weight(name + "mlp.fc2.weight", hidden, inner), new Weight[] {
                        tensors.weight(name + "input_layernorm.weight", hidden),
                        tensors.weight(name + "input_layernorm.bias", hidden),
                        tensors.weight(name + "post_attention_layernorm.weight", hidden),
                        tensors.weight(name + "post_attention_layernorm.bias", hidden)},
                    tensors.weight(name + "self_attn_layer_scale.scale", hidden),
                    tensors.weight(name + "mlp_layer_scale.scale", hidden)));
        }
    }

    Tensor of(Ops ops, Tensor start) {
        Runs runs = new Runs().add(start.rows(), 0);
        Tensor x = start;
        for (Layer layer : layers) {
            Tensor normed = ops.layerNorm(x, layer.norms[0], layer.norms[1], epsilon);
            Tensor q = ops.rotate(ops.linear(normed, layer.q), shape.keySize(), rope, runs.positions());
            Tensor k = ops.rotate(ops.linear(normed, layer.k), shape.keySize(), rope, runs.positions());
            Tensor attended = ops.linear(ops.attention(q, k, ops.linear(normed, layer.v), KeyValueState.NONE, runs,
                    shape), layer.out);
            x = ops.apply(new Sum(x, 1, ops.apply(new WeightedColumns(attended, layer.attentionScale)), 1));
            Tensor inner = ops.linear(ops.layerNorm(x, layer.norms[2], layer.norms[3], epsilon), layer.up);
            Tensor mlp = ops.linear(ops.activate(inner, activation), layer.down);
            x = ops.apply(new Sum(x, 1, ops.apply(new WeightedColumns(mlp, layer.mlpScale)), 1));
        }
        return x;
    }
}
