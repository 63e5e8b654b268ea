package glia.reason.search;

import glia.reason.reward.Sample;
import java.util.Map;

/// A question to a model.
///
/// @param prompt the text of the question
/// @param fields what a verifier needs, such as `answer`; the model does not see them
public record Question(String prompt, Map<String, Object> fields) {
    public Question {
        fields = Map.copyOf(fields);
    }

    /// A question without a verifier.
    public Question(String prompt) {
        this(prompt, Map.of());
    }

    Sample sample(Candidate candidate) {
        return new Sample(prompt, candidate.completion(), candidate.tokens().length, candidate.isFinished(), fields);
    }
}
