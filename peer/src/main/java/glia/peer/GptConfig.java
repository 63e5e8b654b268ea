package glia.peer;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.Families;
import glia.model.spec.Attention;
import glia.model.spec.Bias;
import glia.model.spec.Mixer.Mlp;
import glia.model.spec.ModelSpec;
import glia.model.spec.Norm;
import java.nio.file.Path;
import java.util.Locale;

/// The training configurations that are compared with PyTorch: GPTs as nanoGPT has them, without biases, head tied to
/// the embedding, exact GELU. https://github.com/karpathy/nanoGPT
enum GptConfig {
    NANO_CPU("nano-cpu", 4, 4, 128, 64, 12, 65, 20),
    CHAR_10M("char-10m", 6, 6, 384, 256, 16, 65, 2),
    GPT2_124M("gpt2-124m", 12, 12, 768, 256, 2, 50_304, 1);

    final String label;
    final int context;
    final int batch;
    final int vocabSize;
    /// Steps that are measured at a time.
    final int steps;
    private final int layers;
    private final int heads;
    private final int width;

    GptConfig(String label, int layers, int heads, int width, int context, int batch, int vocabSize, int steps) {
        this.label = label;
        this.layers = layers;
        this.heads = heads;
        this.width = width;
        this.context = context;
        this.batch = batch;
        this.vocabSize = vocabSize;
        this.steps = steps;
    }

    static GptConfig of(String label) {
        for (GptConfig config : values()) {
            if (config.label.equals(label)) {
                return config;
            }
        }
        throw new IllegalArgumentException("there is no configuration " + label);
    }

    int tokens() {
        return batch * context;
    }

    /// The GPT-2 family's model without its biases.
    ModelSpec spec() throws CheckpointException {
        return Families.spec(Config.parse(Path.of("config.json"), String.format(Locale.ROOT, """
                {"model_type": "gpt2", "n_layer": %d, "n_head": %d, "n_embd": %d, "n_positions": %d, "vocab_size": %d,
                "activation_function": "gelu", "tie_word_embeddings": true}""", layers, heads, width, context,
                vocabSize)))
                .mapNorms(norm -> norm instanceof Norm.Layer layer ? new Norm.UnbiasedLayer(layer.eps()) : norm)
                .mapMixers(mixer -> switch (mixer) {
                    case Attention a -> new Attention(a.numHeads(), a.numKeyValueHeads(), a.headSize(), a.scale(),
                            a.rope(), a.span(), new Norm.None(), Bias.NONE);
                    case Mlp m -> new Mlp(m.intermediateSize(), m.activation(), Bias.NONE);
                    default -> mixer;
                });
    }
}
