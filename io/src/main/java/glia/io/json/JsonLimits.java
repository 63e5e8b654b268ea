package glia.io.json;

import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.core.json.JsonReadFeature;

/// Limits of a JSON text from anywhere. What exceeds one is refused while it is read, before memory is taken for it.
///
/// @param depth the most nested lists and objects
/// @param values the most values and names together
/// @param stringLength the longest string, in UTF-16 units
public record JsonLimits(int depth, int values, int stringLength) {
    /// 64 levels and 100 million characters in a string; any number of values. For files.
    public static final JsonLimits DEFAULT = new JsonLimits(64, Integer.MAX_VALUE, 100_000_000);

    public JsonLimits withDepth(int most) {
        return new JsonLimits(most, values, stringLength);
    }

    public JsonLimits withValues(int most) {
        return new JsonLimits(depth, most, stringLength);
    }

    public JsonLimits withStringLength(int most) {
        return new JsonLimits(depth, values, most);
    }

    /// @param isLenient whether NaN and Infinity are numbers: Python writes them into some configs, although JSON has
    ///     no such numbers
    JsonFactory factory(boolean isLenient) {
        return JsonFactory.builder().streamReadConstraints(StreamReadConstraints.builder().maxNestingDepth(depth)
                .maxTokenCount(values).maxStringLength(stringLength).build())
                .configure(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS, isLenient).build();
    }
}
