package glia.model.fresh;

import glia.io.Suggestions;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.ToIntFunction;

/// A family's config as a function of a few sizes with short names, such as `hidden` and `kv-heads`. Sizes that are not
/// given have defaults, which may depend on others.
public final class FamilySizes {
    /// A size.
    ///
    /// @param name its short name
    /// @param key the key of config.json; empty for a size that other values are made of
    /// @param otherwise the default
    public record Size(String name, String key, ToIntFunction<Values> otherwise) { }

    /// The sizes by their short names.
    @FunctionalInterface
    public interface Values {
        /// A given size, or its default.
        int get(String name);
    }

    private final String modelType;
    private final String architecture;
    private final Map<String, Size> sizes;
    private final Map<String, Function<Values, Object>> others;

    private FamilySizes(String modelType, String architecture, Map<String, Size> sizes,
            Map<String, Function<Values, Object>> others) {
        this.modelType = modelType;
        this.architecture = architecture;
        this.sizes = sizes;
        this.others = others;
    }

    /// A family without sizes.
    ///
    /// @param architecture the class of Hugging Face Transformers
    static FamilySizes of(String modelType, String architecture) {
        return new FamilySizes(modelType, architecture, Map.of(), Map.of());
    }

    /// A copy for another `model_type`.
    FamilySizes named(String type, String otherArchitecture) {
        return new FamilySizes(type, otherArchitecture, sizes, others);
    }

    /// A copy with one more size, or another default for one.
    FamilySizes size(String name, String key, ToIntFunction<Values> otherwise) {
        Map<String, Size> more = new LinkedHashMap<>(sizes);
        more.put(name, new Size(name, key, otherwise));
        return new FamilySizes(modelType, architecture, more, others);
    }

    FamilySizes size(String name, String key, int otherwise) {
        return size(name, key, _ -> otherwise);
    }

    /// A copy with a value of config.json in place of a size.
    FamilySizes fixed(String name, Object value) {
        Map<String, Size> fewer = new LinkedHashMap<>(sizes);
        String key = fewer.remove(name).key;
        return new FamilySizes(modelType, architecture, fewer, others).with(key, value);
    }

    /// A copy with a value of config.json.
    FamilySizes with(String key, Object value) {
        return with(key, _ -> value);
    }

    /// A copy with a value of config.json that depends on sizes.
    FamilySizes with(String key, Function<Values, Object> value) {
        Map<String, Function<Values, Object>> more = new LinkedHashMap<>(others);
        more.put(key, value);
        return new FamilySizes(modelType, architecture, sizes, more);
    }

    /// The value of `model_type`.
    public String modelType() {
        return modelType;
    }

    /// The class of Transformers, the value in `architectures`.
    public String architecture() {
        return architecture;
    }

    /// The sizes, in a fixed order.
    public List<Size> sizes() {
        return List.copyOf(sizes.values());
    }

    /// The default of a size if no other is given.
    public int standard(String name) {
        return new Lookup(Map.of()).get(name);
    }

    /// The values of config.json.
    ///
    /// @param given values by short name, or by a key of this family's config.json other than those of sizes, such as
    ///     `rms_norm_eps`
    /// @throws IllegalArgumentException if a name is unknown or a size is not a whole number of at least 1
    Map<String, Object> config(Map<String, Object> given) {
        given.forEach((name, value) -> {
            if (!sizes.containsKey(name) && !others.containsKey(name)) {
                List<String> known = new ArrayList<>(sizes.keySet());
                known.addAll(others.keySet());
                throw new IllegalArgumentException(name + ": the family " + modelType + " has no such key. Sizes: "
                        + String.join(", ", sizes.keySet()) + "; further keys: " + String.join(", ", others.keySet())
                        + "." + Suggestions.sentence(name, known));
            }
            if (sizes.containsKey(name) && !(value instanceof Integer n && n >= 1)) {
                throw new IllegalArgumentException(name + ": found " + value
                        + ", expected a whole number of at least 1");
            }
        });
        Lookup values = new Lookup(given);
        Map<String, Object> config = new LinkedHashMap<>();
        config.put("architectures", List.of(architecture));
        config.put("model_type", modelType);
        sizes.values().stream().filter(size -> !size.key.isEmpty()).forEach(size -> config.put(size.key,
                values.get(size.name)));
        others.forEach((key, value) -> config.put(key, given.containsKey(key) ? given.get(key) : value.apply(values)));
        return Collections.unmodifiableMap(config);
    }

    private final class Lookup implements Values {
        private final Map<String, Object> given;

        Lookup(Map<String, Object> given) {
            this.given = given;
        }

        @Override
        public int get(String name) {
            return given.get(name) instanceof Integer n ? n : sizes.get(name).otherwise.applyAsInt(this);
        }
    }
}
