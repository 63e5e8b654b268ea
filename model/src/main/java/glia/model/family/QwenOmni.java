package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.config.Activations;
import glia.model.layout.Source;
import glia.model.spec.Bias;
import glia.model.spec.Embedding;
import glia.model.spec.ModelSpec;
import glia.model.spec.Norm;
import glia.model.spec.Parameter;
import glia.model.spec.Positions;
import glia.model.spec.Stage;
import glia.model.spec.Tower;
import glia.tensor.kernel.Activation;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/// The towers of the thinkers of Qwen2.5-Omni (https://arxiv.org/abs/2503.20215) and Qwen3-Omni
/// (https://arxiv.org/abs/2509.17765): those of Qwen-VL for pictures, and an encoder like Whisper's of log-mel
/// spectrograms in chunks. Checked against `Qwen2_5OmniThinkerForConditionalGeneration` and
/// `Qwen3OmniMoeThinkerForConditionalGeneration`.
enum QwenOmni implements TowerFamily {
    /// Convolutions over time; chunks attend to themselves.
    QWEN2_5(QwenVision.QWEN2_5),
    /// Convolutions over time and frequency; windows of chunks.
    QWEN3(QwenVision.QWEN3);

    private static final String AUDIO = "qwen_omni_audio";
    private static final Parts LAYERS = new Parts("self_attn_layer_norm", "final_layer_norm", "self_attn",
            "self_attn.out_proj", "", "fc1", "fc2");

    private final QwenVision vision;

    QwenOmni(QwenVision vision) {
        this.vision = vision;
    }

    @Override
    public ModelSpec spec(Config config, ModelSpec text) throws CheckpointException {
        ModelSpec seeing = vision.spec(config, text);
        List<Tower> towers = new ArrayList<>(seeing.towers());
        Config audio = config.child("audio_config");
        int hidden = audio.positive("d_model", 1280);
        int bins = audio.positive("num_mel_bins", 128);
        Norm norm = new Norm.Layer(1e-5f);
        Activation activation = Activations.read(audio, "activation_function", "gelu");
        List<Stage> stages = new ArrayList<>();
        Stage gelu = new Stage.Activated(Activation.GELU);
        if (this == QWEN2_5) {
            stages.addAll(List.of(new Stage.Convolved(hidden, 3, 1, 1, true), gelu,
                    new Stage.Convolved(hidden, 3, 2, 1, true), gelu));
        } else {
            int channels = audio.positive("downsample_hidden_size", 480);
            int left = bins;
            for (int i = 0; i < 3; i++) {
                Stage.Halved halved = new Stage.Halved(left, i == 0 ? 1 : channels, channels, true);
                stages.addAll(List.of(halved, gelu));
                left = halved.binsOut();
            }
            stages.add(new Stage.Mapped(left, hidden, false));
        }
        ModelSpec body = TowerFamily.body(AUDIO, 0, hidden, new Embedding(new Positions.Sinusoids(10_000), 1, 0,
                new Norm.None()).with(Embedding.Features.signal(bins, stages)), new BartLayers(hidden, activation, norm,
                        true, this == QWEN2_5 ? Bias.ALL_BUT_KEYS : Bias.ALL).encoder(audio),
                this == QWEN2_5 ? new Norm.None() : norm);
        int chunk = 2 * audio.positive("n_window", this == QWEN2_5 ? 100 : 50);
        int window = this == QWEN2_5 ? chunk : audio.positive("n_window_infer", 400);
        Tower.Step out = new Tower.Step.Linear(audio.positive("output_dim", 3584), true);
        towers.add(new Tower(body, this == QWEN2_5
                ? List.of(new Tower.Step.Averaged(2), new Tower.Step.Normed(norm), out)
                : List.of(new Tower.Step.Linear(hidden, true), new Tower.Step.Activated(activation), out),
                config.positive("audio_token_id", config.positive("audio_token_index", 151_646)), 1, Tower.Axes.TEXT,
                Tower.Sight.CAUSAL).with(new Tower.Chunks(chunk, Math.max(1, window / chunk), this == QWEN3)));
        return seeing.withTowers(towers);
    }

    @Override
    public List<String> names() {
        return vision.names().stream().flatMap(QwenOmni::inThinker).toList();
    }

    private static Stream<String> inThinker(String name) {
        return Stream.of(name, "thinker." + name);
    }

    @Override
    public Source source(Tower tower, Parameter p) {
        Source source = tower.body().modelType().equals(AUDIO) ? audio(tower, p) : picture(tower, p);
        return source.renamed(name -> inThinker(name).toList());
    }

    private Source picture(Tower tower, Parameter p) {
        if (this == QWEN3) {
            return vision.source(tower, p).renamed(name -> List.of(name
                    .replace("deepstack_merger_list", "merger_list").replaceAll("(merger[^n]*)norm\\.", "$1ln_q.")
                    .replaceAll("(merger.*)linear_fc1", "$1mlp.0").replaceAll("(merger.*)linear_fc2", "$1mlp.2")));
        }
        String part = p.role().name().replace("_BIAS", "");
        return TowerFamily.isOfProjector(p) || !List.of("QUERY", "KEY", "VALUE").contains(part)
                ? vision.source(tower, p)
                : TowerFamily.stored("visual.blocks." + p.sublayer() / 2 + ".attn."
                        + part.substring(0, 1).toLowerCase(Locale.ROOT) + TowerFamily.suffix(p));
    }

    private Source audio(Tower tower, Parameter p) {
        if (TowerFamily.isOfProjector(p) && !isStage(p)) {
            boolean isNorm = p.role().name().startsWith("FINAL");
            String name = isNorm ? "ln_post" : this == QWEN2_5 ? "proj" : p.place().branch() == 1 ? "proj1" : "proj2";
            return stored(name + TowerFamily.suffix(p));
        }
        int number = (p.place().branch() + 1) / 2;
        return switch (p.role()) {
            case STAGE -> stage(tower, p, number);
            case STAGE_BIAS -> stored((this == QWEN2_5 ? "conv" : "conv2d") + number + ".bias");
            case FINAL_WEIGHT, FINAL_BIAS -> stored("ln_post" + TowerFamily.suffix(p));
            default -> LAYERS.source(p, tower.body().hiddenSize(),
                    name -> stored("layers." + p.sublayer() / 2 + "." + name));
        };
    }

    private static boolean isStage(Parameter p) {
        return p.role().name().startsWith("STAGE");
    }

    private Source stage(Tower tower, Parameter p, int number) {
        long hidden = tower.body().hiddenSize();
        return switch (tower.features().stages().get(p.place().branch() - 1)) {
            case Stage.Halved h -> TowerFamily.shaped(stored("conv2d" + number + ".weight"),
                    List.of((long) h.outputs(), 9L * h.inputs()), (long) h.outputs(), (long) h.inputs(), 3L, 3L);
            case Stage.Convolved c -> {
                long inputs = number == 1 ? tower.featureSize() : hidden;
                yield TowerFamily.shaped(stored("conv" + number + ".weight"), List.of(hidden, inputs * c.kernel()),
                        hidden, inputs, (long) c.kernel());
            }
            default -> stored("conv_out.weight");
        };
    }

    private static Source.Stored stored(String name) {
        return new Source.Stored("audio_tower." + name);
    }
}
