package glia.lab.eval;

import java.util.List;

/// An item of a task.
public sealed interface EvalItem {
    /// Its name, unique in the task: the `id` of its line, or the line's number.
    String id();

    /// The kind of tasks that have such items.
    EvalTask.Kind kind();

    /// A text whose likelihood is measured.
    ///
    /// @throws IllegalArgumentException if the text is empty
    record Text(String id, String text) implements EvalItem {
        public Text {
            if (text.isEmpty()) {
                throw new IllegalArgumentException("the text of item " + id + " is empty; expected a text to measure");
            }
        }

        @Override
        public EvalTask.Kind kind() {
            return EvalTask.Kind.TEXT;
        }
    }

    /// A choice among continuations of a context by their likelihood.
    ///
    /// @param choices at least two, none empty
    /// @param answer the index of the right choice
    record Choice(String id, String context, List<String> choices, int answer) implements EvalItem {
        public Choice {
            choices = List.copyOf(choices);
            if (choices.size() < 2 || choices.contains("")) {
                throw new IllegalArgumentException("item " + id + " has the choices " + choices + ", expected at least "
                        + "2, none of which is empty");
            }
            if (answer < 0 || answer >= choices.size()) {
                throw new IllegalArgumentException("the answer of item " + id + " is " + answer + ", expected 0 to "
                        + (choices.size() - 1) + ", the index of a choice");
            }
        }

        @Override
        public EvalTask.Kind kind() {
            return EvalTask.Kind.CHOICE;
        }
    }

    /// A prompt whose continuation is compared with answers.
    ///
    /// @param answers at least one, any of which is right; examples show the first
    record Generation(String id, String prompt, List<String> answers) implements EvalItem {
        public Generation {
            answers = List.copyOf(answers);
            if (answers.isEmpty()) {
                throw new IllegalArgumentException("item " + id + " has no answers, expected at least one");
            }
        }

        @Override
        public EvalTask.Kind kind() {
            return EvalTask.Kind.GENERATE;
        }
    }
}
