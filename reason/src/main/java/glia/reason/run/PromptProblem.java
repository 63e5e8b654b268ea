package glia.reason.run;

import glia.reason.rollout.Rollout;
import glia.reason.reward.Sample;
import java.util.Map;

/// A prompt with what its rewards need.
///
/// @param text of the prompt
/// @param ids its tokens, with those of the chat template
/// @param fields what rewards know about it, such as `answer`
public record PromptProblem(String text, int[] ids, Map<String, Object> fields) {
    public PromptProblem {
        fields = Map.copyOf(fields);
    }

    /// A completion to be scored.
    ///
    /// @param completion its text without the end token
    /// @param place a number of its own for each completion of a run
    Sample sample(Rollout rollout, String completion, long place) {
        return new Sample(text, completion, rollout.numSampled(), rollout.isFinished(), fields, place);
    }
}
