package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.config.Numbers;
import glia.model.family.config.Standard;
import glia.model.family.hub.SpeechNames;
import glia.model.layout.Source;
import glia.model.spec.Attention;
import glia.model.spec.Bias;
import glia.model.spec.Embedding;
import glia.model.spec.Head;
import glia.model.spec.Mixer;
import glia.model.spec.ModelSpec;
import glia.model.spec.Norm;
import glia.model.spec.NumberRange;
import glia.model.spec.Parameter;
import glia.model.spec.Residual;
import glia.model.spec.Role;
import glia.model.spec.Rope;
import glia.model.spec.RopeScaling;
import glia.model.spec.Sublayer;
import glia.model.spec.Tower;
import glia.tensor.kernel.RopeTable.Layout;
import glia.tensor.kernel.Span;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;

/// The tower of a multimodal family: reads its config and maps its tensor names.
interface TowerFamily {
    /// The text model with the tower.
    ///
    /// @param config of the whole model
    ModelSpec spec(Config config, ModelSpec text) throws CheckpointException;

    /// The source of a parameter.
    ///
    /// @param p as a parameter of the body; steps of the projector are branches of the whole
    Source source(Tower tower, Parameter p);

    /// Whether a checkpoint has the tower: its map of features is there.
    default boolean isIn(Set<String> tensors) {
        return names().stream().anyMatch(tensors::contains);
    }

    /// The names of the map of features.
    List<String> names();

    /// Whether a parameter belongs to a step of the projector.
    static boolean isOfProjector(Parameter p) {
        return p.sublayer() < 0 && p.place().branch() > 0;
    }

    /// A tensor with or without the prefix `model.`.
    static Source.Stored stored(String name) {
        return new Source.Stored(name, "model." + name);
    }

    /// A parameter stored in another shape.
    static Source shaped(Source of, List<Long> shape, Long... written) {
        return new Source.Shaped(of, shape, List.of(written));
    }

    /// A matrix stored `[1, rows, columns]`.
    static Source batched(Source of, long rows, long columns) {
        return shaped(of, List.of(rows, columns), 1L, rows, columns);
    }

    /// The map of patches, stored as a convolution `[hidden, channels, patch, patch]`, or over frames
    /// `[hidden, channels, frames, patch, patch]`.
    static Source patches(Source of, Tower tower, boolean overFrames) {
        Embedding.Features f = tower.features();
        List<Long> written = new ArrayList<>(List.of((long) tower.body().hiddenSize(), (long) f.channels(),
                (long) f.patch(), (long) f.patch()));
        if (overFrames) {
            written.add(2, (long) f.frames());
        }
        return new Source.Shaped(of, List.of(written.getFirst(), (long) f.size()), written);
    }

    /// The source of a step's parameter.
    ///
    /// @param names of the steps
    static Source.Stored step(Parameter p, String... names) {
        return stored(names[p.place().branch() - 1] + suffix(p));
    }

    /// A height and a width, in a config one number or two.
    static int[] sides(Config vision, String key, int otherwise) throws CheckpointException {
        int[] sides = vision.isList(key) ? vision.integers(key) : new int[] {vision.positive(key, otherwise)};
        if (sides.length < 1 || sides.length > 2) {
            throw vision.error(key, "found a list of " + sides.length + ", expected a height and a width");
        }
        if (Arrays.stream(sides).anyMatch(s -> s < 1)) {
            throw vision.error(key, "found " + Arrays.toString(sides) + ", expected a height and a width");
        }
        return new int[] {sides[0], sides[sides.length - 1]};
    }

    /// A side of squares, in a config one number or two.
    static int side(Config vision, String key, int otherwise) throws CheckpointException {
        int[] sides = sides(vision, key, otherwise);
        if (sides[0] != sides[1]) {
            throw vision.error(key, "found " + Arrays.toString(sides) + ", expected a square");
        }
        return sides[0];
    }

    /// The body of a tower.
    static ModelSpec body(String type, int vocabulary, int hidden, Embedding embedding, List<Sublayer> sublayers,
            Norm last) {
        return new ModelSpec(type, vocabulary, hidden, 1 << 16, embedding, sublayers, last, Head.ABSENT);
    }

    /// The body of a tower whose layers are alike.
    ///
    /// @param depth the key of the number of layers
    static ModelSpec body(String type, Config vision, String depth, int hidden, Embedding embedding, Norm norm,
            Mixer attention, Mixer mlp, Norm last) throws CheckpointException {
        return body(type, 0, hidden, embedding, Standard.layers(Numbers.layers(vision, depth), norm, new Norm.None(),
                Residual.PLAIN, layer -> attention, layer -> mlp), last);
    }

    /// Attention of all features to each other.
    ///
    /// @param heads the key of the number of heads
    static Attention attention(Config vision, int hidden, String heads, Rope rope, Bias bias)
            throws CheckpointException {
        int count = vision.positive(heads, 16);
        if (hidden % count != 0) {
            throw vision.error(heads, count + " heads do not divide the hidden size " + hidden);
        }
        return Attention.causal(count, count, hidden / count, rope, bias).with(new Span.Bidirectional());
    }

    /// The frequencies of a tower's rotary embedding, `theta^(-2i / size)`.
    static Rope.Rotary rotary(Config vision, int size, Layout layout) throws CheckpointException {
        return rotary(vision, size, layout, 10_000);
    }

    /// The same with another default of theta.
    static Rope.Rotary rotary(Config vision, int size, Layout layout, double otherwise) throws CheckpointException {
        Config own = vision.child("rope_parameters", Map.of());
        double theta = Numbers.real(own.has("rope_theta") ? own : vision, "rope_theta", NumberRange.ROPE_THETA,
                otherwise);
        return new Rope.Rotary(size, theta, new RopeScaling.None(), layout);
    }

    /// The token whose places a picture takes.
    static int placeholder(Config config, int otherwise) throws CheckpointException {
        return config.positive("image_token_index", config.positive("image_token_id", otherwise));
    }

    /// The weight or the bias of a pair.
    static String suffix(Parameter p) {
        return p.role().name().endsWith("BIAS") ? ".bias" : ".weight";
    }

    /// The names of the parts of a layer.
    ///
    /// @param attention before `.q_proj`, `.k_proj` and `.v_proj`, or of all three in one if it ends with `qkv`
    record Parts(String norm, String mlpNorm, String attention, String output, String gate, String up, String down) {
        /// Those of CLIP.
        static final Parts CLIP = new Parts("layer_norm1", "layer_norm2", "self_attn", "self_attn.out_proj", "",
                "mlp.fc1", "mlp.fc2");

        /// The source of a parameter.
        ///
        /// @param hidden the size of the queries of all heads
        /// @param at the tensor of a name in the layer
        Source source(Parameter p, int hidden, Function<String, Source.Stored> at) {
            return switch (p.role()) {
                case BEFORE_WEIGHT, BEFORE_BIAS -> named(p, at, p.sublayer() % 2 == 0 ? norm : mlpNorm);
                case QUERY, QUERY_BIAS -> part(p, at, 0, ".q_proj", hidden);
                case KEY, KEY_BIAS -> part(p, at, 1, ".k_proj", hidden);
                case VALUE, VALUE_BIAS -> part(p, at, 2, ".v_proj", hidden);
                case OUTPUT, OUTPUT_BIAS -> named(p, at, output);
                case QUERY_NORM -> at.apply(attention + ".q_norm.weight");
                case KEY_NORM -> at.apply(attention + ".k_norm.weight");
                case GATE, GATE_BIAS -> named(p, at, gate);
                case UP, UP_BIAS -> named(p, at, up);
                case DOWN, DOWN_BIAS -> named(p, at, down);
                case CLIP -> clamp(p, at);
                default -> throw unknown(p.role());
            };
        }

        private static Source.Stored named(Parameter p, Function<String, Source.Stored> at, String name) {
            return at.apply(name + suffix(p));
        }

        /// A bound of a map.
        private Source clamp(Parameter p, Function<String, Source.Stored> at) {
            List<String> maps = p.sublayer() % 2 == 0
                    ? List.of(attention + ".q_proj", attention + ".k_proj", attention + ".v_proj", output)
                    : List.of(gate, up, down);
            return new Source.Shaped(at.apply(maps.get(p.expert() / 4)
                    + SpeechNames.CLAMPS.get(p.expert() % 4)), List.of(1L), List.of());
        }

        private Source part(Parameter p, Function<String, Source.Stored> at, int number, String name,
                int hidden) {
            return attention.endsWith("qkv")
                    ? new Source.Rows(named(p, at, attention), number * hidden, hidden, 3 * hidden)
                    : named(p, at, attention + name);
        }
    }

    /// The error for a role that a tower does not have.
    static IllegalArgumentException unknown(Role role) {
        return new IllegalArgumentException("the tower has no " + role);
    }
}
