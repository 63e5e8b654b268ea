package glia.reason.task;

import glia.reason.reward.Reward;
import glia.reason.reward.math.AnswerText;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;

/// A generator of problems with a verifier.
///
/// An implementation has no state: [#draw] is a function of its arguments.
public interface Task {
    /// Lower-case letters and hyphens.
    String name();

    /// What the problems are, without a full stop.
    String summary();

    /// What each level of difficulty is, the easiest first. Level 1 is the first.
    List<String> levels();

    /// The level that is used where none is given.
    int defaultLevel();

    /// Draws an instance.
    ///
    /// @param level from 1 to the number of levels
    Instance draw(int level, RandomStream random);

    /// Reads the text of a final answer strictly.
    ///
    /// @param text the final answer without thoughts and [layout][AnswerText], at most [FinalAnswer#MAX_CHARACTERS]
    ///     characters
    /// @return the answer in normal form, so that answers which mean the same are equal strings; empty if the text has
    ///     no answer or several
    Optional<String> read(String text);

    /// Whether an answer is right.
    ///
    /// @param answer in the normal form of [#read]
    /// @param fields of the problem
    /// @throws IllegalArgumentException if a field is absent or has another type than this task's problems
    boolean isRight(String answer, Map<String, Object> fields);

    /// The final answer of a completion in normal form: equal strings are equal answers, for example to vote.
    default Optional<String> finalAnswer(String completion) {
        return FinalAnswer.of(completion).map(AnswerText::plain).flatMap(this::read);
    }

    /// The reward of a right final answer is 1, of any other completion 0. It is empty for a sample without a field
    /// `answer`, which is not of this task.
    default Reward verifier() {
        return sample -> !sample.fields().containsKey("answer") ? OptionalDouble.empty()
                : OptionalDouble.of(finalAnswer(sample.completion())
                        .filter(answer -> isRight(answer, sample.fields())).isPresent() ? 1 : 0);
    }
}
