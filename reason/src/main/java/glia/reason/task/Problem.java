package glia.reason.task;

import glia.io.picture.Picture;
import glia.reason.reward.Sample;
import java.util.List;
import java.util.Map;

/// A problem of a task.
///
/// @param id `TASK/LEVEL/SPLIT/SEED/INDEX`, from which [TaskSet#problem(String)] makes the same problem again
/// @param prompt the prompt's text
/// @param fields what the verifier needs, in JSON values; `answer` is a right answer in the form that the task expects
/// @param canonical the canonical form of the instance, which decides its split
/// @param pictures that stand before the prompt
public record Problem(String id, String prompt, Map<String, Object> fields, String canonical, List<Picture> pictures) {
    public Problem {
        fields = Map.copyOf(fields);
        pictures = List.copyOf(pictures);
    }

    /// A problem without pictures.
    public Problem(String id, String prompt, Map<String, Object> fields, String canonical) {
        this(id, prompt, fields, canonical, List.of());
    }

    /// What a model is asked: equal for equal prompts with equal pictures.
    public Object question() {
        return pictures.isEmpty() ? prompt : List.of(prompt, pictures);
    }

    /// A right answer, in the form that the task expects.
    public String answer() {
        return (String) fields.get("answer");
    }

    /// A completion of this problem's prompt, to be scored.
    ///
    /// @param tokens number of tokens of the completion, the end token included
    /// @param finished whether the completion ended by itself
    public Sample sample(String completion, int tokens, boolean finished) {
        return new Sample(prompt, completion, tokens, finished, fields);
    }
}
