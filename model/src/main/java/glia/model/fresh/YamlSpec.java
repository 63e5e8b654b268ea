package glia.model.fresh;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.io.yaml.YamlDocument;
import glia.model.family.HandWritten;
import glia.model.spec.Embedding;
import glia.model.spec.Head;
import glia.model.spec.Mixer;
import glia.model.spec.ModelSpec;
import glia.model.spec.Norm;
import glia.model.spec.Positions;
import glia.model.spec.Residual;
import glia.model.spec.Sublayer;
import java.util.ArrayList;
import java.util.List;

/// Specs written as YAML, mixer by mixer:
/// ```yaml
/// vocab: 4096
/// hidden: 256
/// context: 512
/// layers:
///   - repeat: 3
///     mixers:
///       - {kind: mamba2, state: 64}
///       - {kind: mlp}
///   - mixers:
///       - {kind: attention, heads: 8, kv-heads: 2}
///       - {kind: moe, experts: 8, active: 2}
/// ```
/// Each mixer is a sublayer, `x + mixer(norm(x))`. `docs/new-models.md` lists all keys and defaults.
public final class YamlSpec {
    private static final List<String> NORMS = List.of("rms", "layer", "none");

    private static final int MAX_LAYERS = 10_000;

    private YamlSpec() { }

    /// The spec of a document.
    ///
    /// @throws CheckpointException if a key is missing, unknown or invalid, with its line
    public static ModelSpec read(YamlDocument yaml) throws CheckpointException {
        SpecKeys keys = new SpecKeys(yaml.config());
        int hidden = keys.required("hidden");
        int vocab = keys.required("vocab");
        int context = keys.size("context", 1024);
        float eps = (float) keys.real("eps", 1e-6);
        Norm norm = norm(keys, "norm", eps, "rms");
        Embedding embedding = new Embedding(keys.flag("positions", false) ? new Positions.Learned(context)
                : new Positions.None(), (float) keys.real("embedding-scale", 1), 0, new Norm.None());
        Head head = keys.flag("tied", true) ? Head.TIED : Head.SEPARATE;
        List<Config> layers = keys.children("layers");
        keys.finish("a spec");
        MixerKeys mixers = new MixerKeys(hidden, context, eps);
        List<Sublayer> sublayers = new ArrayList<>();
        int layer = 0;
        for (Config config : layers) {
            SpecKeys one = new SpecKeys(config);
            int repeat = one.size("repeat", 1);
            List<Config> parts = one.children("mixers");
            one.finish("a layer");
            if ((long) layer + repeat > MAX_LAYERS) {
                throw one.error(one.has("repeat") ? "repeat" : "mixers", "makes " + ((long) layer + repeat)
                        + " layers, expected at most " + MAX_LAYERS);
            }
            for (int i = 0; i < repeat; i++, layer++) {
                for (Config part : parts) {
                    sublayers.add(sublayer(layer, part, mixers, norm));
                }
            }
        }
        try {
            return new ModelSpec(HandWritten.MODEL_TYPE, vocab, hidden, context, embedding, sublayers, norm, head);
        } catch (IllegalArgumentException e) {
            throw new CheckpointException(yaml.origin(), "", "does not describe a model: " + e.getMessage(), e);
        }
    }

    private static Sublayer sublayer(int layer, Config config, MixerKeys mixers, Norm norm) throws CheckpointException {
        SpecKeys keys = new SpecKeys(config);
        try {
            Mixer mixer = mixers.read(keys);
            Norm before = keys.has("norm") ? norm(keys, "norm", mixers.eps(), "rms") : norm;
            Norm after = norm(keys, "after", mixers.eps(), "none");
            Residual residual = keys.isFlag("residual") ? keys.flag("residual", true) ? Residual.PLAIN
                    : new Residual.Normed(0, 1) : new Residual.Add((float) keys.real("residual", 1));
            keys.finish("the mixer " + keys.text("kind", ""));
            return new Sublayer(layer, before, mixer, after, residual);
        } catch (IllegalArgumentException | ArithmeticException e) {
            throw keys.error("kind", "cannot be made: " + e.getMessage());
        }
    }

    private static Norm norm(SpecKeys keys, String key, float eps, String otherwise) throws CheckpointException {
        String kind = keys.text(key, otherwise);
        return switch (kind) {
            case "rms" -> new Norm.Rms(eps, 0);
            case "layer" -> new Norm.Layer(eps);
            case "none" -> new Norm.None();
            default -> throw keys.choice(key, kind, NORMS);
        };
    }
}
