package glia.lab.eval;

import java.util.List;

/// An item of a task.
public sealed interface EvalItem {
    /// Its name, unique in the task: the `id` of its line, or the line's number.
    String id();

    /// A text whose likelihood is measured.
    record Text(String id, String text) implements EvalItem { }

    /// A choice among continuations of a context by their likelihood.
    ///
    /// @param answer the index of the right choice
    record Choice(String id, String context, List<String> choices, int answer) implements EvalItem {
        public Choice {
            choices = List.copyOf(choices);
        }
    }

    /// A prompt whose continuation is compared with answers.
    ///
    /// @param answers any of which is right; examples show the first
    record Generation(String id, String prompt, List<String> answers) implements EvalItem {
        public Generation {
            answers = List.copyOf(answers);
        }
    }
}
