package glia.train.data;

import glia.engine.ModelPictures;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/// How chats become training sequences.
///
/// @param maxTokens the longest sequence
/// @param truncation what happens to longer ones
/// @param turns which turns of the assistant are trained on
/// @param variables variables of the model's template, such as `enable_thinking`
/// @param pictures how the model reads pictures, if the chats may have some
public record ChatOptions(int maxTokens, Truncation truncation, Turns turns, Map<String, Object> variables,
        Optional<ModelPictures> pictures) {
    /// What happens to sequences that are too long. Both are counted in [ExampleCounts].
    public enum Truncation {
        /// They are left out.
        DROP,
        /// Their end is cut off; they are left out if no trained token remains.
        CUT
    }

    /// Which turns of the assistant are trained on.
    public enum Turns {
        /// All of them.
        ALL,
        /// The last one.
        LAST
    }

    /// Copies the variables.
    ///
    /// @throws IllegalArgumentException if `maxTokens` is less than 2
    public ChatOptions {
        if (maxTokens < 2) {
            throw new IllegalArgumentException("found sequences of at most " + maxTokens
                    + " tokens, expected at least 2");
        }
        variables = new LinkedHashMap<>(variables);
    }

    /// All turns, without the sequences that are longer than `maxTokens`.
    public static ChatOptions of(int maxTokens) {
        return new ChatOptions(maxTokens, Truncation.DROP, Turns.ALL, Map.of(), Optional.empty());
    }

    /// The same with another truncation.
    public ChatOptions with(Truncation other) {
        return new ChatOptions(maxTokens, other, turns, variables, pictures);
    }

    /// The same with other turns.
    public ChatOptions with(Turns other) {
        return new ChatOptions(maxTokens, truncation, other, variables, pictures);
    }

    /// The same with another variable of the template.
    public ChatOptions with(String name, Object value) {
        Map<String, Object> more = new LinkedHashMap<>(variables);
        more.put(name, value);
        return new ChatOptions(maxTokens, truncation, turns, more, pictures);
    }

    /// The same for chats with pictures.
    public ChatOptions with(ModelPictures reader) {
        return new ChatOptions(maxTokens, truncation, turns, variables, Optional.of(reader));
    }
}
