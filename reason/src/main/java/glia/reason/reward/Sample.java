package glia.reason.reward;

import java.util.Map;

/// A completion to be scored.
///
/// @param prompt the prompt's text, as the task wrote it
/// @param completion the completion's text: thoughts and answer, without the end token
/// @param tokens number of tokens of the completion, the end token included
/// @param finished whether the completion ended by itself; false where the limit cut it
/// @param fields what the task says of this prompt, such as `answer`: strings, numbers, lists, maps
/// @param place a number of its own for each completion of a run, which a resumed run repeats; 0 where there is none
public record Sample(String prompt, String completion, int tokens, boolean finished, Map<String, Object> fields,
        long place) {
    public Sample {
        fields = Map.copyOf(fields);
    }

    /// A completion that is not part of a run.
    public Sample(String prompt, String completion, int tokens, boolean finished, Map<String, Object> fields) {
        this(prompt, completion, tokens, finished, fields, 0);
    }
}
