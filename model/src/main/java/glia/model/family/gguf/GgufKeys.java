package glia.model.family.gguf;

import glia.io.Checkpoint;
import glia.io.CheckpointException;
import glia.io.gguf.GgufKind;
import glia.io.gguf.GgufMetadata;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.LongStream;

/// Turns the metadata of a GGUF file, `<architecture>.<key>`, to keys of config.json.
public final class GgufKeys {
    private static final String SLIDES = "attention.sliding_window_pattern";

    private final GgufMetadata metadata;
    private final String prefix;
    private final Map<String, Object> config = new HashMap<>();

    /// @throws CheckpointException if a number of the architecture is outside of its range
    public GgufKeys(GgufMetadata metadata, String architecture, String modelType) throws CheckpointException {
        this.metadata = metadata;
        this.prefix = architecture + ".";
        config.put("model_type", modelType);
        GgufNumbers.check(metadata, prefix);
    }

    public boolean has(String key) {
        return metadata.has(prefix + key);
    }

    /// The checkpoint's own architecture among those of a form.
    static String architecture(GgufMetadata metadata) throws CheckpointException {
        return metadata.string("general.architecture");
    }

    public long integer(String key) throws CheckpointException {
        return metadata.integer(prefix + key);
    }

    boolean flag(String key) throws CheckpointException {
        return metadata.flag(prefix + key);
    }

    private boolean isList(String key) throws CheckpointException {
        return metadata.value(prefix + key).kind() == GgufKind.ARRAY;
    }

    CheckpointException error(String place, String problem) {
        return new CheckpointException(metadata.origin(), place, problem);
    }

    /// A number for each layer, from a list or from the one number of all layers.
    int[] perLayer(String key, int numLayers) throws CheckpointException {
        if (!isList(key)) {
            int[] all = new int[numLayers];
            Arrays.fill(all, Math.toIntExact(integer(key)));
            return all;
        }
        int[] listed = metadata.integers(prefix + key);
        if (listed.length < numLayers) {
            throw error("metadata key " + prefix + key, "has " + listed.length + " numbers for " + numLayers
                    + " layers");
        }
        return listed;
    }

    /// Says which layers slide: those that are listed, or all but the first of each so many.
    GgufKeys slides(String period) throws CheckpointException {
        return has(SLIDES) && isList(SLIDES) ? slides() : optional(SLIDES, period);
    }

    /// Says which layers slide, by a list.
    GgufKeys slides() throws CheckpointException {
        boolean[] slides = metadata.flags(prefix + SLIDES);
        return put("layer_types", IntStream.range(0, slides.length)
                .mapToObj(layer -> slides[layer] ? "sliding_attention" : "full_attention").toList());
    }

    /// Says which layers are recurrent: those with this tensor.
    GgufKeys recurrent(Checkpoint checkpoint, String tensor) {
        long count = (long) config.get("num_hidden_layers");
        return put("layer_types", LongStream.range(0, count).mapToObj(layer -> checkpoint.names()
                .contains("blk." + layer + "." + tensor) ? "linear_attention" : "full_attention").toList());
    }

    /// Says at which layers, counted from the first by equal steps, there is a tensor.
    ///
    /// @throws CheckpointException if the steps are not equal
    public GgufKeys spread(Checkpoint checkpoint, String tensor, String period,
            String offset) throws CheckpointException {
        int count = Math.toIntExact(integer("block_count"));
        int[] layers = IntStream.range(0, count)
                .filter(layer -> checkpoint.names().contains("blk." + layer + "." + tensor)).toArray();
        int step = layers.length > 1 ? layers[1] - layers[0] : count + 1;
        for (int i = 0; i < layers.length; i++) {
            if (layers[i] != layers[0] + i * step) {
                throw error("blk." + layers[i] + "." + tensor,
                        "expected one in every " + step + " layers");
            }
        }
        boolean complete = layers.length == 0 || layers[0] < step && layers[layers.length - 1] + step >= count;
        if (!complete) {
            throw error("blk." + layers[0] + "." + tensor,
                    "expected one in every " + step + " layers, from the first on and to the last");
        }
        return put(period, step).put(offset, layers.length == 0 ? count : layers[0]);
    }

    /// How often one integer goes into another.
    ///
    /// @throws CheckpointException also if it leaves a rest or the divisor is not positive
    public long quotient(String key, String divisorKey) throws CheckpointException {
        long dividend = integer(key);
        long divisor = integer(divisorKey);
        if (divisor < 1 || dividend % divisor != 0) {
            throw error("metadata key " + prefix + divisorKey,
                    divisor + " does not divide the " + dividend + " of " + prefix + key);
        }
        return dividend / divisor;
    }

    /// Says which part of a head is rotated. A part is a little more than the quotient, so that its product with the
    /// size of a head is not a little less.
    GgufKeys rotatedPart(long rotated, long headSize) {
        return put("partial_rotary_factor", rotated == headSize ? 1.0 : Math.nextUp((double) rotated / headSize));
    }

    /// Copies all that a list of keys says.
    public GgufKeys copy(List<GgufKey> all) throws CheckpointException {
        for (GgufKey one : all) {
            one.reading().copy(this);
        }
        return this;
    }

    /// A real number, or another where it is not there.
    double real(String key, double otherwise) throws CheckpointException {
        return has(key) ? metadata.real(prefix + key) : otherwise;
    }

    /// Copies a required integer.
    public GgufKeys integer(String key, String name) throws CheckpointException {
        config.put(name, metadata.integer(prefix + key));
        return this;
    }

    /// Copies an integer if it is there.
    GgufKeys optional(String key, String name) throws CheckpointException {
        return has(key) ? integer(key, name) : this;
    }

    /// Copies a real number if it is there.
    GgufKeys real(String key, String name) throws CheckpointException {
        if (has(key)) {
            config.put(name, number(key));
        }
        return this;
    }

    /// A real number. Files hold most as F32: it is the shortest decimal number that is rounded to that, such as 0.1,
    /// which configs have.
    double number(String key) throws CheckpointException {
        double stored = metadata.real(prefix + key);
        return (float) stored == stored ? Double.parseDouble(Float.toString((float) stored)) : stored;
    }

    /// Gives what a config calls one thing another name, if it is there.
    public GgufKeys rename(String from, String to) {
        if (config.containsKey(from)) {
            config.put(to, config.remove(from));
        }
        return this;
    }

    /// Adds to the object under `holder`, if there is one.
    public GgufKeys put(String holder, String name, Object value) {
        if (config.get(holder) instanceof Map<?, ?> inside) {
            Map<Object, Object> more = new HashMap<>(inside);
            more.put(name, value);
            config.put(holder, more);
        }
        return this;
    }

    /// Copies a text if it is there.
    GgufKeys text(String key, String name) throws CheckpointException {
        if (has(key)) {
            config.put(name, metadata.string(prefix + key));
        }
        return this;
    }

    /// Copies a flag if it is there.
    GgufKeys flag(String key, String name) throws CheckpointException {
        if (has(key)) {
            config.put(name, metadata.flag(prefix + key));
        }
        return this;
    }

    public GgufKeys put(String name, Object value) {
        config.put(name, value);
        return this;
    }

    /// Moves those of the names that are there into an object under `holder`.
    GgufKeys move(String holder, String... names) {
        Map<String, Object> inside = new HashMap<>();
        for (String name : names) {
            if (config.containsKey(name)) {
                inside.put(name, config.remove(name));
            }
        }
        return put(holder, inside);
    }

    /// The keys `rope.scaling.*` as `rope_scaling`.
    GgufKeys ropeScaling() throws CheckpointException {
        return RopeGguf.scaling(this);
    }

    /// The text of a key, if it is there.
    Optional<String> text(String key) throws CheckpointException {
        return has(key) ? Optional.of(metadata.string(prefix + key)) : Optional.empty();
    }

    Map<String, Object> config() {
        return config;
    }
}
