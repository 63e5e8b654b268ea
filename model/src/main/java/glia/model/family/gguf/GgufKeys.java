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

/// Converts the metadata of a GGUF file, `<architecture>.<key>`, to keys of config.json.
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

    /// The `general.architecture` of a file.
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

    /// A number for each layer, from a list or from a single number.
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

    /// Sets the sliding-window layers: a list, or a period whose first layer is full.
    GgufKeys slides(String period) throws CheckpointException {
        return has(SLIDES) && isList(SLIDES) ? slides() : optional(SLIDES, period);
    }

    /// Sets the sliding-window layers from a list.
    GgufKeys slides() throws CheckpointException {
        boolean[] slides = metadata.flags(prefix + SLIDES);
        return put("layer_types", IntStream.range(0, slides.length)
                .mapToObj(layer -> slides[layer] ? "sliding_attention" : "full_attention").toList());
    }

    /// Sets the recurrent layers: those with this tensor.
    GgufKeys recurrent(Checkpoint checkpoint, String tensor) {
        long count = (long) config.get("num_hidden_layers");
        return put("layer_types", LongStream.range(0, count).mapToObj(layer -> checkpoint.names()
                .contains("blk." + layer + "." + tensor) ? "linear_attention" : "full_attention").toList());
    }

    /// Sets period and offset of the layers with a tensor.
    ///
    /// @throws CheckpointException if the period is not constant
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

    /// The quotient of two integers.
    ///
    /// @throws CheckpointException also if there is a remainder or the divisor is not positive
    public long quotient(String key, String divisorKey) throws CheckpointException {
        long dividend = integer(key);
        long divisor = integer(divisorKey);
        if (divisor < 1 || dividend % divisor != 0) {
            throw error("metadata key " + prefix + divisorKey,
                    divisor + " does not divide the " + dividend + " of " + prefix + key);
        }
        return dividend / divisor;
    }

    /// Sets the rotated fraction of a head. It is rounded up, so that its product with the head size is not below
    /// `rotated`.
    GgufKeys rotatedPart(long rotated, long headSize) {
        return put("partial_rotary_factor", rotated == headSize ? 1.0 : Math.nextUp((double) rotated / headSize));
    }

    /// Copies a list of keys.
    public GgufKeys copy(List<GgufKey> all) throws CheckpointException {
        for (GgufKey one : all) {
            one.reading().copy(this);
        }
        return this;
    }

    /// A real number or a default.
    double real(String key, double otherwise) throws CheckpointException {
        return has(key) ? metadata.real(prefix + key) : otherwise;
    }

    /// Copies a required integer.
    public GgufKeys integer(String key, String name) throws CheckpointException {
        config.put(name, metadata.integer(prefix + key));
        return this;
    }

    /// Copies an optional integer.
    GgufKeys optional(String key, String name) throws CheckpointException {
        return has(key) ? integer(key, name) : this;
    }

    /// Copies an optional real number.
    GgufKeys real(String key, String name) throws CheckpointException {
        if (has(key)) {
            config.put(name, number(key));
        }
        return this;
    }

    /// A real number. F32 values become the shortest decimal that rounds to them, such as 0.1, as in configs.
    double number(String key) throws CheckpointException {
        double stored = metadata.real(prefix + key);
        return (float) stored == stored ? Double.parseDouble(Float.toString((float) stored)) : stored;
    }

    /// Renames a config key, if it exists.
    public GgufKeys rename(String from, String to) {
        if (config.containsKey(from)) {
            config.put(to, config.remove(from));
        }
        return this;
    }

    /// Adds a value to the object under `holder`, if it exists.
    public GgufKeys put(String holder, String name, Object value) {
        if (config.get(holder) instanceof Map<?, ?> inside) {
            Map<Object, Object> more = new HashMap<>(inside);
            more.put(name, value);
            config.put(holder, more);
        }
        return this;
    }

    /// Copies an optional text.
    GgufKeys text(String key, String name) throws CheckpointException {
        if (has(key)) {
            config.put(name, metadata.string(prefix + key));
        }
        return this;
    }

    /// Copies an optional flag.
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

    /// Moves keys into an object under `holder`.
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

    /// An optional text.
    Optional<String> text(String key) throws CheckpointException {
        return has(key) ? Optional.of(metadata.string(prefix + key)) : Optional.empty();
    }

    Map<String, Object> config() {
        return config;
    }
}
