package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.config.Numbers;
import glia.model.family.config.Padding;
import glia.model.family.config.Standard;
import glia.model.family.hub.InklingNames;
import glia.model.layout.Source;
import glia.model.spec.Embedding;
import glia.model.spec.Head;
import glia.model.spec.ModelSpec;
import glia.model.spec.Norm;
import glia.model.spec.NumberRange;
import glia.model.spec.Parameter;
import glia.model.spec.Positions;
import glia.model.spec.Streams;
import java.util.List;

/// Inkling 2 with a loop, text: attention with mixed biases by distance, experts, sums of blocks of layers that later
/// layers mix, and layers that run several times and send messages to their next pass. Checked against the class
/// `Inkling2LoopForCausalLM`.
final class Inkling2Loop implements Family {
    @Override
    public List<String> modelTypes() {
        return List.of("inkling2_loop_text");
    }

    @Override
    public ModelSpec spec(Config config) throws CheckpointException {
        Standard.only(config, "scoring_func", "sigmoid");
        float eps = Standard.epsilon(config, "rms_norm_eps", 1e-6);
        InklingLayers layers = InklingLayers.read(config, eps);
        int rows = config.positive("vocab_size", 201_024);
        int vocab = config.positive("unpadded_vocab_size", 200_058);
        if (vocab > rows) {
            throw config.error("unpadded_vocab_size", "found " + vocab + ", expected at most the vocab_size of "
                    + rows);
        }
        Embedding embedding = new Embedding(new Positions.None(), 1, 0, new Norm.Rms(eps, 0))
                .withUnusedRows(rows - vocab);
        float cap = (float) Numbers.real(config, "final_logit_softcapping", NumberRange.CAP, 30);
        Config usual = config.with("vocab_size", vocab);
        return Standard.model(usual.has("hidden_size") ? usual : usual.with("hidden_size", layers.hidden()), 1_048_576,
                Padding.read(usual, embedding), layers.sublayers(), new Norm.Rms(eps, 0),
                Head.SEPARATE.with(new Head.Logits.Capped(cap)))
                .with(new Streams.Blocks(layers.numBlocks(), layers.numSent()));
    }

    @Override
    public Source source(ModelSpec spec, Parameter p) {
        return InklingNames.source(spec, p);
    }
}
