package glia.train.run;

import java.util.List;

/// A text with a value for each token, such as its advantage. Reports color the tokens by it.
///
/// @param title what it is, with its score, such as `reward 1`
/// @param prompt the text before it; may be empty
/// @param tokens the pieces of the text
/// @param values the value of each token; NaN for tokens without one, such as those that an environment wrote
public record ScoredText(String title, String prompt, List<String> tokens, List<Double> values) {
    /// @throws IllegalArgumentException if there is not one value for each token
    public ScoredText {
        tokens = List.copyOf(tokens);
        values = List.copyOf(values);
        if (tokens.size() != values.size()) {
            throw new IllegalArgumentException(values.size() + " values for " + tokens.size() + " tokens");
        }
    }
}
