package glia.lab.eval;

import glia.io.picture.Picture;
import glia.io.picture.Pixels;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;

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

    /// A text whose picture is generated.
    ///
    /// @param verifier says whether a picture is right
    record Drawing(String id, String text, Predicate<Pixels> verifier) implements EvalItem {
        @Override
        public EvalTask.Kind kind() {
            return EvalTask.Kind.GENERATE;
        }
    }

    /// A prompt whose continuation is compared with answers.
    ///
    /// @param answers at least one, any of which is right; examples show the first
    /// @param pictures that stand before the prompt, in chats
    /// @param verifier says whether a completion is right, in place of a comparison with the answers
    record Generation(String id, String prompt, List<String> answers, List<Picture> pictures,
            Optional<Predicate<String>> verifier) implements EvalItem {
        public Generation {
            answers = List.copyOf(answers);
            pictures = List.copyOf(pictures);
            if (answers.isEmpty()) {
                throw new IllegalArgumentException("item " + id + " has no answers, expected at least one");
            }
        }

        /// A prompt of text alone, whose answers are compared.
        public Generation(String id, String prompt, List<String> answers) {
            this(id, prompt, answers, List.of(), Optional.empty());
        }

        @Override
        public EvalTask.Kind kind() {
            return EvalTask.Kind.GENERATE;
        }
    }
}
