package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.config.ExpertConfig;
import glia.model.family.config.LayerTypes;
import glia.model.family.config.NgramConfig;
import glia.model.family.config.Padding;
import glia.model.family.config.Standard;
import glia.model.family.hub.Qwen4ExpNames;
import glia.model.layout.Source;
import glia.model.spec.Embedding;
import glia.model.spec.GatedDeltaNet;
import glia.model.spec.IndexedAttention;
import glia.model.spec.Mixer;
import glia.model.spec.ModelSpec;
import glia.model.spec.Norm;
import glia.model.spec.Parameter;
import glia.model.spec.Residual;
import glia.model.spec.Streams;
import glia.model.spec.Sublayer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// Qwen4-Exp, the text model: the layers of Qwen3.5 over several gated residual streams, an indexer that limits the
/// attention to some blocks of positions, and embeddings of n-grams before some layers. Checked against the class
/// `Qwen4ExpForCausalLM`.
final class Qwen4Exp implements Family {
    static final String TEXT = "qwen4_exp_text";
    private static final String LINEAR = "linear_attention";
    private static final String INDEXED = "indexed_attention";

    @Override
    public List<String> modelTypes() {
        return List.of(TEXT);
    }

    @Override
    public ModelSpec spec(Config config) throws CheckpointException {
        Norm.Rms norm = new Norm.Rms(Standard.epsilon(config, "rms_norm_eps", 1e-6), 1);
        int interval = config.positive("full_attention_interval", 4);
        String[] kinds = LayerTypes.kinds(config, List.of(LINEAR, INDEXED, "full_attention"),
                layer -> (layer + 1) % interval != 0 ? LINEAR : INDEXED);
        int streams = config.positive("hc_count", 4);
        int rank = config.positive("hc_lowrank", 320);
        Mixer delta = DeltaHybrid.delta(config, GatedDeltaNet.Inputs.SEPARATE).with(DeltaHybrid.gate(config));
        Mixer indexed = Arrays.stream(kinds).allMatch(LINEAR::equals) ? delta : indexed(config, norm);
        Mixer experts = DeltaHybrid.experts(config, ExpertConfig.numExperts(config, 512), 10,
                config.flag("norm_topk_prob", true));
        int[] embedded = NgramConfig.layers(config, layer -> kinds[layer].equals(LINEAR), kinds.length);
        Residual residual = new Residual.Gated(streams, rank, norm.eps());
        List<Sublayer> all = new ArrayList<>();
        for (int layer = 0; layer < kinds.length; layer++) {
            int index = Arrays.binarySearch(embedded, layer + 1);
            if (index >= 0) {
                all.add(new Sublayer(layer, new Norm.None(), NgramConfig.read(config, index, streams, norm.eps())));
            }
            all.add(new Sublayer(layer, new Norm.None(), kinds[layer].equals(LINEAR) ? delta : indexed,
                    new Norm.None(), residual));
            all.add(new Sublayer(layer, new Norm.None(), experts, new Norm.None(), residual));
        }
        return Standard.model(config, 32_768, Padding.read(config, Embedding.PLAIN), all, new Norm.None(),
                Standard.head(config, false)).with(new Streams.Gated(streams, rank, norm.eps()));
    }

    private static Mixer indexed(Config config, Norm.Rms norm) throws CheckpointException {
        if (config.positive("indexer_kv_heads", 1) != 1) {
            throw config.error("indexer_kv_heads", "found " + config.positive("indexer_kv_heads") + ", expected 1");
        }
        return new IndexedAttention(DeltaHybrid.attention(config, norm), config.positive("indexer_n_heads"),
                config.positive("indexer_head_dim"), norm, config.positive("indexer_compress_ratio"),
                config.positive("indexer_budget"));
    }

    @Override
    public Source source(ModelSpec spec, Parameter p) {
        return Qwen4ExpNames.source(spec, p);
    }

    /// Multi-token-prediction layers, the image encoder, and what follows from the config.
    @Override
    public boolean ignores(ModelSpec spec, String name) {
        return name.startsWith("mtp.") || name.startsWith("model.visual.")
                || name.matches(".*\\.ple_embedding\\.(layer_multipliers|ngram_heads_(vocab_sizes|offsets))");
    }
}
