package glia.model.voice;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.tensor.kernel.Activation;
import glia.tensor.ops.Ops;
import glia.tensor.ops.Weight;
import glia.tensor.ops.attention.WindowBiasAttention;
import glia.tensor.ops.row.Columns.SliceColumns;
import glia.tensor.ops.row.Sums.Sum;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// The text encoder of VITS: attention with learned near distances, convolutions as MLPs, norms after the sums.
final class VitsText {
    /// What the encoder makes of a text: a state for each token, and the mean and the logarithm of the deviation of the
    /// prior of its frames.
    record Encoding(Tensor states, Tensor means, Tensor logDeviations) { }

    /// A linear map with a bias, if it has one.
    private record Map(Weight weight, Optional<Weight> bias) {
        static Map of(VoiceTensors tensors, String name, int size) throws CheckpointException {
            return new Map(tensors.weight(name + ".weight", size, size), tensors.bias(name, size));
        }

        Tensor of(Ops ops, Tensor x) {
            Tensor y = ops.linear(x, weight);
            return bias.isPresent() ? ops.addBias(y, bias.get()) : y;
        }
    }

    private record Layer(Map q, Map k, Map v, Map out, Weight keys, Weight values, TimeConvolution up,
            TimeConvolution down, Weight[] norms) { }

    private final int hidden;
    private final int flow;
    private final int heads;
    private final float epsilon;
    private final Activation activation;
    private final Weight embedding;
    private final List<Layer> layers = new ArrayList<>();
    private final TimeConvolution project;

    VitsText(Config config, VoiceTensors tensors) throws CheckpointException {
        hidden = config.positive("hidden_size", 192);
        flow = config.positive("flow_size", 192);
        heads = config.positive("num_attention_heads", 2);
        epsilon = (float) config.real("layer_norm_eps", 1e-5);
        activation = activation(config);
        if (hidden % heads != 0) {
            throw config.error("hidden_size", "is " + hidden + ", expected a multiple of num_attention_heads, "
                    + heads);
        }
        embedding = tensors.weight("text_encoder.embed_tokens.weight", config.positive("vocab_size", 38), hidden);
        int inner = config.positive("ffn_dim", 768);
        int kernel = config.positive("ffn_kernel_size", 3);
        int window = config.isNull("window_size") ? 0 : config.integer("window_size", 4);
        for (int i = 0; i < config.positive("num_hidden_layers", 6); i++) {
            String layer = "text_encoder.encoder.layers." + i;
            String attention = layer + ".attention.";
            layers.add(new Layer(Map.of(tensors, attention + "q_proj", hidden),
                    Map.of(tensors, attention + "k_proj", hidden), Map.of(tensors, attention + "v_proj", hidden),
                    Map.of(tensors, attention + "out_proj", hidden),
                    near(tensors, attention + "emb_rel_k", window), near(tensors, attention + "emb_rel_v", window),
                    TimeConvolution.same(tensors, layer + ".feed_forward.conv_1", hidden, inner, kernel, 1),
                    TimeConvolution.same(tensors, layer + ".feed_forward.conv_2", inner, hidden, kernel, 1),
                    new Weight[] {
                        tensors.weight(layer + ".layer_norm.weight", hidden),
                        tensors.weight(layer + ".layer_norm.bias", hidden),
                        tensors.weight(layer + ".final_layer_norm.weight", hidden),
                        tensors.weight(layer + ".final_layer_norm.bias", hidden)}));
        }
        project = TimeConvolution.point(tensors, "text_encoder.project", hidden, 2 * flow);
    }

    private static Activation activation(Config config) throws CheckpointException {
        String name = config.text("hidden_act", "relu");
        return switch (name) {
            case "relu" -> Activation.RELU;
            case "gelu" -> Activation.GELU;
            case "gelu_new", "gelu_pytorch_tanh" -> Activation.GELU_TANH;
            case "silu", "swish" -> Activation.SILU;
            case "tanh" -> Activation.TANH;
            default -> throw config.error("hidden_act", "is " + name + ", expected relu, gelu, gelu_new, silu or "
                    + "tanh");
        };
    }

    private Weight near(VoiceTensors tensors, String name, int window) throws CheckpointException {
        int size = hidden / heads;
        return window == 0 ? new Weight.Stored(Tensor.allocate(Arena.ofAuto(), DType.F32, 1, size))
                : tensors.nested(name, 2 * window + 1, size, 1, 2 * window + 1, size);
    }

    /// The number of tokens.
    int vocabSize() {
        return embedding.rows();
    }

    Encoding encode(Ops ops, int[] ids) {
        Tensor x = ops.scale(ops.embed(embedding, ids, ids.length), (float) Math.sqrt(hidden));
        float scale = (float) (1 / Math.sqrt((double) hidden / heads));
        for (Layer layer : layers) {
            Tensor attended = layer.out.of(ops, ops.apply(new WindowBiasAttention(
                    ops.scale(layer.q.of(ops, x), scale), layer.k.of(ops, x), layer.v.of(ops, x), layer.keys,
                    layer.values)));
            Tensor summed = ops.layerNorm(ops.apply(new Sum(x, 1, attended, 1)), layer.norms[0], layer.norms[1],
                    epsilon);
            Tensor mlp = layer.down.of(ops, ops.activate(layer.up.of(ops, summed), activation));
            x = ops.layerNorm(ops.apply(new Sum(summed, 1, mlp, 1)), layer.norms[2], layer.norms[3], epsilon);
        }
        Tensor prior = project.of(ops, x);
        return new Encoding(x, ops.apply(SliceColumns.of(prior, 0, flow)),
                ops.apply(SliceColumns.of(prior, flow, flow)));
    }
}
