package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.config.Activations;
import glia.model.family.config.Numbers;
import glia.model.family.config.Standard;
import glia.model.family.config.Subsampling;
import glia.model.family.hub.SpeechNames;
import glia.model.layout.Source;
import glia.model.spec.Conformer;
import glia.model.spec.Embedding;
import glia.model.spec.ModelSpec;
import glia.model.spec.Norm;
import glia.model.spec.Parameter;
import glia.model.spec.Positions;
import glia.model.spec.Residual;
import glia.model.spec.Sublayer;
import glia.model.spec.Tower;
import glia.tensor.kernel.Activation;
import java.util.ArrayList;
import java.util.List;

/// The tower of sounds of Gemma 4: two convolutions that halve times and frequencies, conformer layers with local
/// attention, whose maps have stored clamps. Checked against `Gemma4AudioModel`.
final class Gemma4Sound implements TowerFamily {
    private static final String TYPE = "gemma4_audio";
    private static final String AUDIO = "audio_config";
    private static final float EPS = 1e-6f;
    /// The frames of 30 s, the most that the reference reads.
    private static final int FRAMES = 3000;

    private final TowerFamily vision = new Gemma4Vision();

    @Override
    public ModelSpec spec(Config config, ModelSpec text) throws CheckpointException {
        ModelSpec seeing = vision.spec(config, text);
        if (!config.isObject(AUDIO)) {
            return seeing;
        }
        List<Tower> towers = new ArrayList<>(seeing.towers());
        towers.add(tower(config, config.child(AUDIO), text.hiddenSize()));
        return seeing.withTowers(towers);
    }

    private static Tower tower(Config config, Config audio, int width) throws CheckpointException {
        int hidden = audio.positive("hidden_size", 1024);
        int heads = Subsampling.heads(audio, hidden);
        float eps = Standard.epsilon(audio, "rms_norm_eps", 1e-6);
        float half = (float) audio.real("residual_weight", 0.5);
        Norm norm = new Norm.Rms(EPS, 0);
        Activation activation = Activations.read(audio, "hidden_act", "silu");
        boolean clipped = audio.flag("use_clipped_linears", true);
        Conformer.ClippedMlp mlp = new Conformer.ClippedMlp(4 * hidden, activation, clipped);
        // Keys that are as far as the reference's block begins or ends are masked, so each side has one less.
        int before = audio.positive("attention_context_left", 13) - 1;
        int after = audio.integer("attention_context_right", 0);
        int block = Math.addExact(audio.positive("attention_chunk_size", 12), before + after);
        Conformer.LocalAttention attention = new Conformer.LocalAttention(heads, hidden / heads, before - 1,
                Math.max(0, after - 1), block / 2 - before, (float) audio.real("attention_logit_cap", 50), clipped);
        Conformer.ClippedConvolution convolution = new Conformer.ClippedConvolution(hidden,
                audio.positive("conv_kernel_size", 5), activation, eps, clipped);
        List<Sublayer> sublayers = new ArrayList<>();
        for (int i = 0; i < Numbers.layers(audio, "num_hidden_layers"); i++) {
            sublayers.add(new Sublayer(i, norm, mlp, norm, new Residual.Add(half)));
            sublayers.add(new Sublayer(i, norm, attention, norm, Residual.PLAIN));
            sublayers.add(new Sublayer(i, new Norm.Rms(eps, 0), convolution));
            sublayers.add(new Sublayer(i, norm, mlp, norm, new Residual.Closed(half, norm)));
        }
        int bins = Subsampling.bins(audio);
        ModelSpec body = TowerFamily.body(TYPE, 0, hidden, new Embedding(new Positions.None(), 1, 0, new Norm.None())
                .with(Embedding.Features.signal(bins, Subsampling.normed(audio, hidden, eps))), sublayers,
                new Norm.None());
        return new Tower(body, List.of(new Tower.Step.Linear(audio.positive("output_proj_dims", 1536), true),
                new Tower.Step.Normed(new Norm.UnitRms(eps)), new Tower.Step.Linear(width, false)),
                config.positive("audio_token_id", 258_881), 1, Tower.Axes.TEXT, Tower.Sight.CAUSAL)
                .with(new Tower.Chunks(FRAMES, 1, false));
    }

    @Override
    public List<String> names() {
        return vision.names();
    }

    @Override
    public Source source(Tower tower, Parameter p) {
        return tower.body().modelType().equals(TYPE) ? SpeechNames.gemma4(tower, p) : vision.source(tower, p);
    }
}
