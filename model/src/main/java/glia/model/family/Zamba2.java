package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.config.Padding;
import glia.model.family.config.Standard;
import glia.model.family.hub.ZambaNames;
import glia.model.layout.Source;
import glia.model.spec.Embedding;
import glia.model.spec.Injected;
import glia.model.spec.Mixer;
import glia.model.spec.ModelSpec;
import glia.model.spec.Norm;
import glia.model.spec.Parameter;
import glia.model.spec.Place;
import glia.model.spec.StateSpaceDual;
import glia.model.spec.Sublayer;
import java.util.ArrayList;
import java.util.List;

/// Zamba2 (https://arxiv.org/abs/2411.15242): Mamba 2, in some layers with the output of a transformer block added to
/// its input; the blocks' weights are shared in turn. Checked against the class `Zamba2ForCausalLM`.
final class Zamba2 implements Family {
    @Override
    public List<String> modelTypes() {
        return List.of("zamba2");
    }

    @Override
    public ModelSpec spec(Config config) throws CheckpointException {
        Standard.refuse(config, "use_long_context");
        int hidden = config.positive("hidden_size");
        StateSpaceDual mamba = Zamba2Mixers.mamba(config, hidden);
        Norm norm = new Norm.Rms(Standard.epsilon(config, "rms_norm_eps", 1e-5), 0);
        int numBlocks = config.positive("num_mem_blocks", 1);
        // Without a tied head the reference shares nothing.
        boolean tied = config.flag("tie_word_embeddings", true);
        List<Place> firsts = new ArrayList<>();
        List<Sublayer> sublayers = new ArrayList<>();
        int use = 0;
        for (String kind : Zamba2Mixers.kinds(config)) {
            int layer = sublayers.size();
            if (kind.equals(Zamba2Mixers.MAMBA)) {
                sublayers.add(new Sublayer(layer, norm, mamba));
                continue;
            }
            if (use < numBlocks || !tied) {
                firsts.add(new Place(layer, 1));
            }
            Mixer block = Zamba2Mixers.block(config, hidden, firsts.get(tied ? use % numBlocks : use), use);
            sublayers.add(new Sublayer(layer, new Norm.None(), new Injected(block, norm, mamba)));
            use++;
        }
        return Standard.model(config, 4096, Padding.read(config, Embedding.PLAIN, 0), sublayers, norm,
                Standard.head(config, true));
    }

    @Override
    public Source source(ModelSpec spec, Parameter p) {
        return ZambaNames.source(spec, p);
    }

    /// Copies of shared weights, and low-rank matrices in them that belong to other layers.
    @Override
    public boolean ignores(ModelSpec spec, String name) {
        return ZambaNames.isCopy(spec, name);
    }
}
